namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// A machine: its clocks, and what survives its processes (shared memory, disks). Its wall clock may step, its
/// monotonic
/// clock runs a little fast or slow.
/// </summary>
public sealed class SimNode(SimWorld world, int number, double drift)
{
    // Any beginning will do; they differ so that nobody compares two nodes' clocks by accident.
    private readonly long monotonicStart = (number + 1) * 1_000_000_000_000;
    private readonly long begin = world.Now;

    public SimWorld World => world;

    public int Number => number;

    public string Name { get; } = $"node-{number}";

    /// <summary>
    /// How much faster than the world's time the monotonic clock runs: 1e-5 = ten parts in a million.
    /// </summary>
    public double Drift => drift;

    /// <summary>What a step of the wall clock has added.</summary>
    public TimeSpan WallOffset { get; set; }

    public long Monotonic => monotonicStart + (long)((world.Now - begin) * (1 + drift));

    public DateTime UtcNow => new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc)
        + TimeSpan.FromTicks(world.Now / 100) + WallOffset;

    /// <summary>Counts the node's power losses: what a process wrote before one is not its successor's.</summary>
    public int PowerLosses { get; set; }

    /// <summary>Names this run of the node's operating system.</summary>
    public string BootId => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"{Name}-boot-{PowerLosses}-{Moves}");

    /// <summary>Counts the moves to another machine, which has its own boot and, for the rest, takes this one's place.</summary>
    public int Moves { get; set; }

    /// <summary>World nanoseconds that pass while the node's monotonic clock advances so far.</summary>
    public long ToWorld(TimeSpan duration) => (long)(Math.Min(duration.TotalNanoseconds, 1e15) / (1 + drift));
}

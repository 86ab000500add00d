namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// Every choice of a simulation comes from here: SplitMix64 (Steele, Lea, Flood 2014), whose whole state is one number,
/// the seed. System.Random makes no promise about its sequence from one runtime to the next.
/// </summary>
public sealed class SimRandom(ulong seed)
{
    private ulong state = seed;

    public ulong Next()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>In [0, bound).</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

    /// <summary>In [least, most].</summary>
    public long Between(long least, long most) => least + (long)(Next() % (ulong)(most - least + 1));

    public TimeSpan Between(TimeSpan least, TimeSpan most) => TimeSpan.FromTicks(Between(least.Ticks, most.Ticks));

    public bool Chance(double probability) => (Next() >> 11) * (1.0 / (1UL << 53)) < probability;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>A generator of its own, so that one part's use does not shift another part's numbers.</summary>
    public SimRandom Fork() => new(Next());
}

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>How badly the disks of the deployment behave now.</summary>
public sealed record DiskConditions
{
    public static DiskConditions Calm { get; } = new();

    /// <summary>Chance that a sync of the journal fails, and with it what was not synced before.</summary>
    public double FailedSyncs { get; init; }

    /// <summary>Chance that a sync of the journal takes many times as long.</summary>
    public double SlowSyncs { get; init; }

    /// <summary>Chance that the journal has no room for a batch.</summary>
    public double NoSpace { get; init; }

    /// <summary>Chance that writing a StoryFile fails at any one of its steps.</summary>
    public double FailedArchiving { get; init; }
}

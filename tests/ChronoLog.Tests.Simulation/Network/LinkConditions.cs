namespace ChronoLog.Tests.Simulation.Network;

/// <summary>How badly the network between nodes behaves; within a node only the delay counts.</summary>
public sealed record LinkConditions
{
    public static LinkConditions Calm { get; } = new();

    public TimeSpan DelayMin { get; init; } = TimeSpan.FromMicroseconds(20);

    public TimeSpan DelayMax { get; init; } = TimeSpan.FromMicroseconds(300);

    /// <summary>Chance that a message is lost.</summary>
    public double Loss { get; init; }

    /// <summary>Chance that a message arrives twice.</summary>
    public double Duplication { get; init; }

    /// <summary>Chance that a message may be overtaken by later ones of its channel.</summary>
    public double Reordering { get; init; }

    /// <summary>Chance of <see cref="LongDelay"/> instead of the usual one.</summary>
    public double LongDelays { get; init; }

    public TimeSpan LongDelay { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>Chance that a pull of bulk data fails.</summary>
    public double PullFailures { get; init; }

    /// <summary>Chance that a pull brings wrong bytes.</summary>
    public double TornPulls { get; init; }
}

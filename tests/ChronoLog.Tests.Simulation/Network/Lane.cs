namespace ChronoLog.Tests.Simulation.Network;

/// <summary>One direction of one connection.</summary>
public sealed class Lane
{
    /// <summary>World nanoseconds: nothing sent later arrives before.</summary>
    public long LastArrival { get; set; }
}

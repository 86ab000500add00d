namespace ChronoLog.Transport.Rings;

/// <summary>How a story's events are spread over its rings.</summary>
public enum Placement
{
    /// <summary>
    /// All to the first ring of the set, the co-located Keeper's; to the others only when it is closed.
    /// </summary>
    LocalFirst = 0,

    /// <summary>Each event to the next ring; one that is full or closed is passed over.</summary>
    RoundRobin = 1,
}

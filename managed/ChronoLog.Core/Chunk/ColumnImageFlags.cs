namespace ChronoLog.Core.Chunk;

/// <summary>What an image holds.</summary>
[Flags]
public enum ColumnImageFlags : ushort
{
    None = 0,

    /// <summary>A chunk merged from all Keepers' parts.</summary>
    Complete = 1,

    /// <summary>Late events of a range that was delivered before.</summary>
    Supplementary = 2,

    /// <summary>Each record is preceded by its event's arrival stamp, u64; 0 = the event has none.</summary>
    Stamped = 4,

    /// <summary>A page of events that are in order of arrival within a granule, not in order of EventSequence.</summary>
    ByArrival = 8,

    /// <summary>All that this version knows; an image with another one is refused.</summary>
    Known = Complete | Supplementary | Stamped | ByArrival,
}

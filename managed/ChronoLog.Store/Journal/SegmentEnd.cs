namespace ChronoLog.Store.Journal;

/// <summary>How the batches of a segment end.</summary>
public enum SegmentEnd
{
    /// <summary>With the seal: the segment was full, and nothing is missing at its end.</summary>
    Sealed,

    /// <summary>In zeros, or in what an earlier use of the file left: the writer had not come further.</summary>
    Open,

    /// <summary>In a batch that was begun and never completed.</summary>
    Torn,

    /// <summary>The file has no valid header: created and not used yet, recycled, or damaged.</summary>
    NoHeader,
}

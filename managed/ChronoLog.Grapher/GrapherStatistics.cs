namespace ChronoLog.Grapher;

/// <summary>Counters since the start. Written and read on the role's strand.</summary>
public sealed class GrapherStatistics
{
    /// <summary>Images pulled by RMA, and their bytes.</summary>
    public long PulledChunks { get; internal set; }

    public long PulledBytes { get; internal set; }

    public long PullFailures { get; internal set; }

    /// <summary>Announcements that were refused.</summary>
    public long Refused { get; internal set; }

    /// <summary>Announcements of what was held or archived already.</summary>
    public long AnnouncedAgain { get; internal set; }

    /// <summary>Events that came into a pipeline, duplicates included.</summary>
    public long CollectedEvents { get; internal set; }

    /// <summary>Of those: after their chunk's window had passed at their Keeper, or below a stated watermark.</summary>
    public long LateEvents { get; internal set; }

    /// <summary>Of those: of imports, which go to the archive without a chunk of a pipeline.</summary>
    public long ImportedEvents { get; internal set; }

    public long RetiredChunks { get; internal set; }

    /// <summary>Of those: the range had been extracted before.</summary>
    public long SupplementaryChunks { get; internal set; }

    /// <summary>Of those: taken before their window had passed, because the memory budget was exhausted.</summary>
    public long ForcedChunks { get; internal set; }

    public long ArchivedChunks { get; internal set; }

    /// <summary>Duplicates included.</summary>
    public long ArchivedEvents { get; internal set; }

    public long ArchivedBytes { get; internal set; }

    /// <summary>Passes through the chain in which an extractor failed; each is retried.</summary>
    public long ExtractionFailures { get; internal set; }

    /// <summary>Partials whose archiving their Keeper has acknowledged.</summary>
    public long NoticedPartials { get; internal set; }
}

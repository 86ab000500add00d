namespace ChronoLog.Store.Archive;

/// <summary>What a StoryFile says of itself: the content of its user block and of its root attributes.</summary>
public sealed record StoryFileHeader
{
    /// <summary>The newest format that is read.</summary>
    public const int CurrentFormatVersion = 2;

    /// <summary>1, or 2 for a file with what a reader of version 1 could not read.</summary>
    public int FormatVersion => HasArrivals || IsCompressed ? CurrentFormatVersion : 1;

    /// <summary>It has the column <see cref="StoryColumn.ArrivalTime"/>.</summary>
    public bool HasArrivals { get; init; }

    /// <summary>Its columns are stored in compressed blocks.</summary>
    public bool IsCompressed { get; init; }

    public required string Chronicle { get; init; }

    public required string Story { get; init; }

    public required ulong StoryId { get; init; }

    /// <summary>ChronoTick, inclusive.</summary>
    public required ulong StartTime { get; init; }

    /// <summary>ChronoTick, exclusive.</summary>
    public required ulong EndTime { get; init; }

    public required uint Generation { get; init; }

    public required long EventCount { get; init; }

    public required long RecordBytes { get; init; }

    /// <summary>ChronoTick of the first event; 0 when there is none.</summary>
    public required ulong FirstEventTime { get; init; }

    /// <summary>ChronoTick of the last event; 0 when there is none.</summary>
    public required ulong LastEventTime { get; init; }

    /// <summary>The chronicle's collision policy when the file was written.</summary>
    public string Collision { get; init; } = "";

    /// <summary>The chronicle's granularity when the file was written.</summary>
    public string Granularity { get; init; } = "";

    /// <summary>True when the partial chunks of every Keeper were merged.</summary>
    public bool Complete { get; init; }

    /// <summary>True for late events: the file complements others of the same range.</summary>
    public bool Supplementary { get; init; }

    /// <summary>
    /// How many of its events came after their chunk's window had passed, or below a watermark that had been stated; 2^32 - 1
    /// stands for more.
    /// </summary>
    public long LateEvents { get; init; }

    public string WriterVersion { get; init; } = "";

    public long PartialCount { get; init; }
}

using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>What is to become a StoryFile.</summary>
public sealed record StoryFileContent
{
    public required string Chronicle { get; init; }

    public required string Story { get; init; }

    public required ulong StoryId { get; init; }

    /// <summary>See <see cref="StoryName"/>.</summary>
    public uint Incarnation { get; init; }

    public StoryName Name => new(Chronicle, Story, Incarnation);

    /// <summary>ChronoTick, inclusive.</summary>
    public required ulong StartTime { get; init; }

    /// <summary>ChronoTick, exclusive.</summary>
    public required ulong EndTime { get; init; }

    /// <summary>Events, or more when there may be duplicates: the writer counts and, if needed, begins again.</summary>
    public required long EventCount { get; init; }

    /// <summary>Bytes of records, or more when there may be duplicates.</summary>
    public required long RecordBytes { get; init; }

    /// <summary>Opens the merge. May be called several times and yields the same each time.</summary>
    public required Func<MergeCursor> Open { get; init; }

    public IReadOnlyList<PartialKey> Partials { get; init; } = [];

    /// <summary>Files of the story that touch the range: what they have is not written again.</summary>
    public IReadOnlyList<CatalogFile> Archived { get; init; } = [];

    /// <summary>Least generation that it may get.</summary>
    public uint GenerationFrom { get; init; }

    /// <summary>Receives what has another event's identity and other bytes; null = nobody wants it.</summary>
    public ConflictingEvents? Conflicts { get; init; }

    /// <summary>Called when all of the file is written, before it gets its name.</summary>
    public Action? BeforePublish { get; init; }

    public string Collision { get; init; } = "redundancy";

    public string Granularity { get; init; } = "ns";

    public bool Complete { get; init; }

    public bool Supplementary { get; init; }

    /// <summary>The arrival stamps of the events are stored.</summary>
    public bool HasArrivals { get; init; }

    /// <summary>The columns are compressed.</summary>
    public bool IsCompressed { get; init; }
    /// <summary>Events that came late, dropped copies among them: the file says no more than it has events.</summary>
    public long LateEvents { get; init; }

    /// <summary>The content of a retired chunk.</summary>
    public static StoryFileContent From(RetiredChunk retired)
    {
        IEnumerable<PartialIdentity> partials = retired.MergedFrom.Count > 0 ? retired.MergedFrom : [retired.Identity];
        StoryChunk chunk = retired.Chunk;
        return new StoryFileContent
        {
            Chronicle = retired.Story.Chronicle,
            Story = retired.Story.Story,
            StoryId = retired.Story.StoryId,
            Incarnation = retired.Story.Incarnation,
            StartTime = chunk.StartTime,
            EndTime = chunk.EndTime,
            EventCount = chunk.EventCount,
            RecordBytes = chunk.RecordBytes,
            Open = chunk.OpenMerge,
            Partials = [.. partials.Select(PartialKey.From).Distinct().Order(PartialKeyOrder.Instance)],
            Collision = retired.Story.Attributes.GetValueOrDefault("collision", "redundancy"),
            Granularity = retired.Story.Attributes.GetValueOrDefault("granularity", "ns"),
            Complete = retired.Complete,
            Supplementary = retired.Supplementary,
            HasArrivals = ChronicleAttributes.HasArrivals(retired.Story.Attributes),
            IsCompressed = ChronicleAttributes.IsCold(retired.Story.Attributes),
            LateEvents = retired.LateEvents,
        };
    }
}

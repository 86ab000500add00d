using ChronoLog.Core.Model;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Protocol;
using ChronoLog.Keeper.Retirement;

namespace ChronoLog.Keeper.Stories;

/// <summary>
/// A story as this Keeper records it. The pipeline is thread-safe; what is marked so belongs to the role's strand.
/// </summary>
public sealed class KeeperStory
{
    private readonly Lock gate = new();
    private readonly IngestionHandle?[] handles;
    private volatile StoryDescriptor? descriptor;

    public KeeperStory(ulong storyId, StoryPipeline pipeline, int ingestionThreads)
    {
        StoryId = storyId;
        Pipeline = pipeline;
        handles = new IngestionHandle?[ingestionThreads];
    }

    public ulong StoryId { get; }

    public StoryPipeline Pipeline { get; }

    /// <summary>Null while the Visor has not named the story: its events wait here under their id.</summary>
    public StoryDescriptor? Descriptor
    {
        get => descriptor;
        set => descriptor = value;
    }

    /// <summary>What a flush of this story waits for; an unnamed story gets the default.</summary>
    public DurabilityLevel Durability { get; set; } = DurabilityLevel.Synced;

    /// <summary>Its events get arrival stamps; of one that is not named yet, nobody knows that they need none.</summary>
    public bool HasArrivals { get; set; } = true;

    /// <summary>It is sequenced, retired and handed over before others.</summary>
    public bool IsPriority { get; set; }

    /// <summary>Its chunks retire early.</summary>
    public bool IsCold { get; set; }

    /// <summary>True between StartStoryRecording and StopStoryRecording. Strand.</summary>
    public bool IsRecording { get; set; }

    /// <summary>ChronoTick of the last StopStoryRecording. Strand.</summary>
    public ulong StoppedAt { get; set; }

    /// <summary>Its chunks that are not archived yet, in the order of their retirement. Strand.</summary>
    public List<RetainedChunk> Retained { get; } = [];

    /// <summary>Every event below this tick was handed over to the Grapher. Strand.</summary>
    public ulong DrainedThrough { get; set; }

    /// <summary>For messages: "chronicle/story", or the id.</summary>
    public string Name => descriptor is { } named ? $"{named.Chronicle}/{named.Story}" : $"with id {StoryId:x16}";

    /// <summary>The handle of an ingestion thread, opened when first needed. From that thread.</summary>
    public IngestionHandle HandleOf(int thread)
    {
        lock (gate)
        {
            return handles[thread] ??= Pipeline.OpenHandle();
        }
    }
}

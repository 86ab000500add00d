using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Grapher.Building;
using ChronoLog.Grapher.Watermarks;
using ChronoLog.Grapher.Writing;

namespace ChronoLog.Grapher.Stories;

/// <summary>
/// One story in the Grapher: open chunks, chunks on their way to the archive, and how complete it
/// is. On the role's strand.
/// </summary>
internal sealed class GrapherStory(StoryDescriptor descriptor, PipelineWindows windows, ulong archivedThrough)
{
    private readonly Dictionary<ulong, List<OpenPiece>> openPieces = [];
    private readonly List<PendingChunk> pending = [];
    private TaskCompletionSource? idle;
    private StoryDescriptor named = descriptor;

    public StoryDescriptor Descriptor
    {
        get => named;
        set
        {
            named = value;
            IsPriority = ChronicleAttributes.IsPriority(value.Attributes);
            IsCold = ChronicleAttributes.IsCold(value.Attributes);
        }
    }

    /// <summary>Its chunks are retired and written before others'.</summary>
    public bool IsPriority { get; private set; } = ChronicleAttributes.IsPriority(descriptor.Attributes);

    /// <summary>Its chunks are retired early.</summary>
    public bool IsCold { get; private set; } = ChronicleAttributes.IsCold(descriptor.Attributes);

    // From tick 0: nothing is late until its range was retired here, however old it is.
    public StoryPipeline Pipeline { get; } = new(descriptor.StoryId, 0, windows);

    /// <summary>False before the Visor has started it and after it has stopped it.</summary>
    public bool IsRecording { get; set; }

    /// <summary>The Visor knows the story; before that it is only a Keeper's word.</summary>
    public bool IsConfirmed { get; set; }

    public DrainProgress Drained { get; } = new();

    /// <summary>
    /// Complete and archived or in this process's memory below it. Never goes back; begins with what the process before
    /// this one had archived.
    /// </summary>
    public ulong Watermark { get; private set; } = archivedThrough;

    /// <summary>
    /// Below it everything is in StoryFiles: every Keeper has handed over, and nothing of it is in this process alone.
    /// Goes back when late events come, until they are archived too.
    /// </summary>
    public ulong ArchivedThrough => Unarchived.Select(chunk => chunk.StartTime)
        .Append(OldestOpen ?? ulong.MaxValue).Append(Watermark).Min();

    /// <summary>What is on disk of <see cref="ArchivedThrough"/>.</summary>
    public RecordedWatermark Recorded { get; } = new(archivedThrough);

    /// <summary>Retired and not yet let go of.</summary>
    public IReadOnlyList<PendingChunk> Pending => pending;

    public bool IsDestroyed { get; private set; }

    /// <summary>Events that no StoryFile has yet.</summary>
    public long WarmEvents => Pipeline.EventCount + Unarchived.Sum(chunk => chunk.EventCount);

    public long WarmBytes => Pipeline.RecordBytes + Unarchived.Sum(chunk => chunk.RecordBytes);

    /// <summary>Those of them that came late.</summary>
    public long WarmLate => openPieces.Values.Sum(static pieces => pieces.Sum(static piece => (long)piece.Late))
        + pending.Where(static chunk => !chunk.IsArchived).Sum(static chunk => chunk.Retired.LateEvents);

    /// <summary>Start of the oldest chunk that is open; null when none is.</summary>
    public ulong? OldestOpen => openPieces.Count == 0 ? null : openPieces.Keys.Min();

    private IEnumerable<StoryChunk> Unarchived =>
        pending.Where(chunk => !chunk.IsArchived).Select(chunk => chunk.Retired.Chunk);

    /// <summary>
    /// Moves the watermark up to what the Keepers of the view have drained; a group without Keepers moves nothing.
    /// </summary>
    public void UpdateWatermark(GroupView? view, ulong now)
    {
        if (view?.Keepers.Count > 0)
        {
            // Not beyond now, whatever a Keeper promises: recording may go on.
            Watermark = Math.Max(Watermark, Math.Min(Drained.Through(view), now));
        }
    }

    /// <summary>Adds a run to the open chunks and books whose events they are.</summary>
    /// <returns>How many of them came late.</returns>
    public int Ingest(HeldPartial partial, BuiltRun built)
    {
        int late = LateIn(built);
        int rest = late;
        foreach (PieceSpan span in built.Spans)
        {
            if (!openPieces.TryGetValue(span.ChunkStart, out List<OpenPiece>? pieces))
            {
                pieces = openPieces[span.ChunkStart] = [];
            }

            // The late ones are the first ones of a run, or all.
            int lateHere = Math.Min(rest, span.Count);
            pieces.Add(new OpenPiece(partial, span.Count, lateHere));
            rest -= lateHere;
        }

        Pipeline.Ingest(built.Run);
        return late;
    }

    /// <summary>
    /// Events of a run that came late: all, if their window had passed at their Keeper; else those below the watermark,
    /// which said that nothing was to come there.
    /// </summary>
    public int LateIn(BuiltRun built)
    {
        if (built.Request.Announcement.Late)
        {
            return built.Run.Count;
        }

        EventRun? below = built.Run.Range(0, Watermark);
        int count = below?.Count ?? 0;
        below?.Release();
        return count;
    }

    /// <summary>
    /// Takes the chunks whose window has passed and that every Keeper of the view has drained, or whose hold limit has
    /// passed as well.
    /// </summary>
    public List<StoryChunk> Retire(ulong now, GroupView? view, ulong holdNanoseconds)
    {
        ulong window = Pipeline.AcceptanceWindowNanoseconds;
        ulong drained = ChronoTick.AddSaturating(Drained.Through(view), window);
        ulong held = now > holdNanoseconds ? now - holdNanoseconds : 0;
        var chunks = new List<StoryChunk>();
        Pipeline.ExtractRetired(Math.Min(now, Math.Max(drained, held)), chunks);
        return chunks;
    }

    /// <summary>Takes the oldest open chunk, whatever its window.</summary>
    public List<StoryChunk> RetireOldest()
    {
        var chunks = new List<StoryChunk>();
        if (OldestOpen is { } start)
        {
            ulong end = ChronoTick.AddSaturating(start, Pipeline.Windows.ChunkDurationNanoseconds);
            Pipeline.ExtractRetired(ChronoTick.AddSaturating(end, Pipeline.AcceptanceWindowNanoseconds), chunks);
        }

        return chunks;
    }

    /// <summary>Takes everything.</summary>
    public List<StoryChunk> RetireAll()
    {
        var chunks = new List<StoryChunk>();
        Pipeline.FinalizeChunks(chunks);
        return chunks;
    }

    /// <summary>Hands out whose events a chunk just taken holds.</summary>
    /// <exception cref="InvalidOperationException">
    /// The books and the chunk disagree: its Keepers must not be told that their events are archived.
    /// </exception>
    public IReadOnlyList<OpenPiece> TakePieces(StoryChunk chunk)
    {
        if (!openPieces.Remove(chunk.StartTime, out List<OpenPiece>? pieces)
            || pieces.Sum(piece => (long)piece.Count) != chunk.EventCount)
        {
            throw new InvalidOperationException(
                $"chunk [{chunk.StartTime}, {chunk.EndTime}) of story {Descriptor.Chronicle}/{Descriptor.Story} holds "
                + $"{chunk.EventCount} events, and {pieces?.Sum(piece => (long)piece.Count) ?? 0} were booked");
        }

        return pieces;
    }

    public void Add(PendingChunk chunk) => pending.Add(chunk);

    /// <summary>Lets go of a chunk.</summary>
    public void Release(PendingChunk chunk)
    {
        if (pending.Remove(chunk))
        {
            chunk.Retired.Chunk.Release();
        }

        if (pending.Count == 0)
        {
            idle?.TrySetResult();
        }
    }

    /// <summary>
    /// References on every run in [startTime, endTime) that is here, open or retired; the caller releases them.
    /// </summary>
    public List<EventRun> Snapshot(ulong startTime, ulong endTime)
    {
        var runs = new List<EventRun>();
        using (PipelineSnapshot open = Pipeline.Snapshot(startTime, endTime))
        {
            runs.AddRange(open.Runs.Select(run => run.AddReference()));
        }

        foreach (EventRun run in pending.SelectMany(chunk => chunk.Retired.Chunk.Runs))
        {
            if (run.Range(startTime, endTime) is { } inside)
            {
                runs.Add(inside);
            }
        }

        return runs;
    }

    /// <summary>How many events before a tick a snapshot would have.</summary>
    public PrecedingEvents CountBefore(ulong tick)
    {
        var before = new PrecedingEvents();
        List<EventRun> runs = Snapshot(0, tick);
        before.Add(runs);
        runs.ForEach(static run => run.Release());
        return before;
    }

    /// <summary>Drops the open chunks; completes when no extractor works on a retired one any more.</summary>
    public Task DestroyAsync()
    {
        IsDestroyed = true;
        Pipeline.Discard();
        openPieces.Clear();
        idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (pending.Count == 0)
        {
            idle.SetResult();
        }

        return idle.Task;
    }
}

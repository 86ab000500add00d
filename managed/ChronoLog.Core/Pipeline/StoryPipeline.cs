using System.Collections.Immutable;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Time;

namespace ChronoLog.Core.Pipeline;

/// <summary>
/// The ordered chunks of one story in one process: the same class in Keepers, Grapher and Player, with different
/// windows.
/// </summary>
/// <remarks>
/// Thread-safe. Ingestion threads append to their own <see cref="IngestionHandle"/>s and never wait for the pipeline's
/// lock. Under that lock only references move: passive sides become runs (sorted there if they came out of order), runs
/// are cut at chunk boundaries by binary search, chunks are handed out. Merging and copying records happen outside, on
/// snapshots and on extracted chunks. Lock order: pipeline, then handle.
///
/// Chunks exist only where there are events, also before the first one and after gaps: a far-away tick costs one chunk.
/// A range that was extracted and gets a late event has a chunk again, marked late, which retires at the next
/// extraction.
/// </remarks>
public sealed class StoryPipeline
{
    private readonly Lock gate = new();
    private readonly SortedList<ulong, StoryChunk> chunks = [];
    private ImmutableArray<IngestionHandle> handles = [];
    private ulong retiredThrough;
    private ulong acceptanceWindow;

    /// <param name="storyId">The story.</param>
    /// <param name="startTime">When recording began; aligned down to the first chunk's start.</param>
    /// <param name="windows">How time is cut.</param>
    public StoryPipeline(ulong storyId, ulong startTime, PipelineWindows windows)
    {
        ArgumentOutOfRangeException.ThrowIfZero(windows.ChunkDurationNanoseconds, nameof(windows));
        StoryId = storyId;
        Windows = windows;
        acceptanceWindow = windows.AcceptanceWindowNanoseconds;
        StartTime = ChunkStart(startTime);
    }

    public ulong StoryId { get; }

    /// <summary>Start of the first chunk: the start time given, aligned down.</summary>
    public ulong StartTime { get; }

    /// <summary>As given at the beginning.</summary>
    public PipelineWindows Windows { get; }

    /// <summary>
    /// In force now: an automatic one follows the network. What retired under a shorter one stays retired.
    /// </summary>
    public ulong AcceptanceWindowNanoseconds
    {
        get => Volatile.Read(ref acceptanceWindow);
        set => Volatile.Write(ref acceptanceWindow, value);
    }

    /// <summary>
    /// Every chunk that ends at or before this tick was extracted; what comes there later is late. Never goes back.
    /// </summary>
    public ulong RetiredThrough => Volatile.Read(ref retiredThrough);

    /// <summary>Events in the pipeline, duplicates included.</summary>
    public long EventCount
    {
        get
        {
            lock (gate)
            {
                return chunks.Values.Sum(chunk => chunk.EventCount) + handles.Sum(handle => (long)handle.Pending);
            }
        }
    }

    /// <summary>Bytes of their records, duplicates included.</summary>
    public long RecordBytes
    {
        get
        {
            lock (gate)
            {
                return chunks.Values.Sum(chunk => chunk.RecordBytes) + handles.Sum(handle => handle.PendingRecordBytes);
            }
        }
    }

    /// <summary>Of the sequenced ones, those that came after their chunk's window had passed.</summary>
    public long LateEventCount
    {
        get
        {
            lock (gate)
            {
                return chunks.Values.Sum(static chunk => chunk.IsLate ? chunk.EventCount : 0);
            }
        }
    }

    /// <summary>Chunks that hold events now.</summary>
    public int ChunkCount
    {
        get
        {
            lock (gate)
            {
                return chunks.Count;
            }
        }
    }

    /// <summary>
    /// A handle of its own for an ingestion thread. Takes no lock, so that the thread may hold handles of other
    /// pipelines: with the lock, two such threads and two sequencing ones could wait for each other in a ring.
    /// </summary>
    public IngestionHandle OpenHandle()
    {
        var handle = new IngestionHandle();
        ImmutableInterlocked.Update(ref handles, static (all, added) => all.Add(added), handle);
        return handle;
    }

    /// <summary>Sequences what the handle holds, then forgets it: nothing may be appended to it any more.</summary>
    public void CloseHandle(IngestionHandle handle)
    {
        lock (gate)
        {
            if (ImmutableInterlocked.Update(ref handles, static (all, closed) => all.Remove(closed), handle))
            {
                Sequence(handle);
            }
        }
    }

    /// <summary>Swaps every handle's sides and moves what was appended into chunks.</summary>
    public void Sequence()
    {
        lock (gate)
        {
            SequenceAll();
        }
    }

    /// <summary>Takes in a run that was pulled from another process; takes over the caller's reference.</summary>
    public void Ingest(EventRun run)
    {
        lock (gate)
        {
            Place(run);
        }
    }

    /// <summary>
    /// Sequences, and hands out every chunk whose end and acceptance window have passed, in order of time. The chunks
    /// are the caller's.
    /// </summary>
    /// <param name="now">ChronoTick.</param>
    /// <param name="target">Receives them.</param>
    /// <returns>How many.</returns>
    public int ExtractRetired(ulong now, ICollection<StoryChunk> target)
    {
        lock (gate)
        {
            SequenceAll();
            ulong window = AcceptanceWindowNanoseconds;
            ulong through = now >= window ? ChunkStart(now - window) : 0;
            int extracted = 0;
            while (extracted < chunks.Count && chunks.Values[extracted].EndTime <= through)
            {
                target.Add(chunks.Values[extracted]);
                extracted++;
            }

            RemoveFirst(extracted);
            Retire(through);
            return extracted;
        }
    }

    /// <summary>
    /// Sequences, and hands out all chunks in order of time: recording stopped. The chunks are the caller's.
    /// <see cref="RetiredThrough"/> stays: the newest chunk ends in the future, and recording may begin again.
    /// </summary>
    /// <returns>How many.</returns>
    public int FinalizeChunks(ICollection<StoryChunk> target)
    {
        lock (gate)
        {
            SequenceAll();
            int extracted = chunks.Count;
            foreach (StoryChunk chunk in chunks.Values)
            {
                target.Add(chunk);
            }

            chunks.Clear();
            return extracted;
        }
    }

    /// <summary>
    /// Sequences, and references the runs in [startTime, endTime): every event whose batch ended before the call is in
    /// it, unless it was extracted. 2^64 - 1 as the end includes the last tick.
    /// </summary>
    public PipelineSnapshot Snapshot(ulong startTime, ulong endTime)
    {
        var runs = new List<EventRun>();
        if (startTime >= endTime)
        {
            return new PipelineSnapshot(runs);
        }

        lock (gate)
        {
            SequenceAll();
            for (int index = FirstAt(ChunkStart(startTime)); index < chunks.Count; index++)
            {
                StoryChunk chunk = chunks.Values[index];
                if (chunk.StartTime >= endTime && endTime != ulong.MaxValue)
                {
                    break;
                }

                bool whole = startTime <= chunk.StartTime && endTime >= chunk.EndTime;
                foreach (EventRun run in chunk.Runs)
                {
                    if ((whole ? run.AddReference() : run.Range(startTime, endTime)) is { } inside)
                    {
                        runs.Add(inside);
                    }
                }
            }
        }

        return new PipelineSnapshot(runs);
    }

    /// <summary>Drops everything: the story was destroyed.</summary>
    /// <returns>How many chunks that were.</returns>
    public int Discard()
    {
        var dropped = new List<StoryChunk>();
        FinalizeChunks(dropped);
        foreach (StoryChunk chunk in dropped)
        {
            chunk.Release();
        }

        return dropped.Count;
    }

    private ulong ChunkStart(ulong time) => time - (time % Windows.ChunkDurationNanoseconds);

    private ulong ChunkEnd(ulong start) => ChronoTick.AddSaturating(start, Windows.ChunkDurationNanoseconds);

    private void Retire(ulong through)
    {
        if (through > retiredThrough)
        {
            Volatile.Write(ref retiredThrough, through);
        }
    }

    private void SequenceAll()
    {
        foreach (IngestionHandle handle in handles)
        {
            Sequence(handle);
        }
    }

    private void Sequence(IngestionHandle handle)
    {
        if (handle.Swap()?.Build() is { } run)
        {
            Place(run);
        }
    }

    /// <summary>
    /// Cuts a run at chunk boundaries and gives the slices to their chunks; takes over the reference.
    /// </summary>
    private void Place(EventRun run)
    {
        int next = 0;
        while (next < run.Count)
        {
            StoryChunk chunk = ChunkAt(run.Entries[next].EventTime);
            int length = EntrySearch.EndBound(run.Entries[next..], chunk.EndTime);
            if (length == run.Count)
            {
                chunk.AddOwned(run);
                return;
            }

            chunk.AddOwned(run.Slice(next, length));
            next += length;
        }

        run.Release();
    }

    private StoryChunk ChunkAt(ulong time)
    {
        ulong start = ChunkStart(time);
        if (!chunks.TryGetValue(start, out StoryChunk? chunk))
        {
            ulong end = ChunkEnd(start);
            chunk = new StoryChunk(StoryId, start, end) { IsLate = end <= retiredThrough };
            chunks.Add(start, chunk);
        }

        return chunk;
    }

    /// <summary>Index of the first chunk that starts at or after the tick.</summary>
    private int FirstAt(ulong start)
    {
        IList<ulong> starts = chunks.Keys;
        int low = 0;
        int high = starts.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (starts[middle] < start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private void RemoveFirst(int count)
    {
        // From the last one down: each removal then moves only what stays.
        for (int index = count - 1; index >= 0; index--)
        {
            chunks.RemoveAt(index);
        }
    }
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Time;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// The events of one story in [StartTime, EndTime), as chains of runs: each run goes to the end of the first chain that
/// it continues, so in-order ingestion makes one chain per source, and a merge is as wide as there are chains. Not
/// thread-safe.
/// </summary>
/// <param name="storyId">The story.</param>
/// <param name="startTime">First tick of the chunk.</param>
/// <param name="endTime">First tick behind it; 2^64 - 1 stands for the end of time and includes the last tick.</param>
public sealed class StoryChunk(ulong storyId, ulong startTime, ulong endTime)
{
    /// <summary>More chains than this are merged: bounds the width of every merge and the search for a place.</summary>
    internal const int ChainsMax = 64;

    private readonly List<ChunkChain> chains = [];

    public ulong StoryId { get; } = storyId;

    public ulong StartTime { get; } = startTime;

    public ulong EndTime { get; } = endTime;

    /// <summary>Events in the chunk, duplicates included.</summary>
    public long EventCount { get; private set; }

    /// <summary>Bytes of their records, duplicates included.</summary>
    public long RecordBytes { get; private set; }

    public bool IsEmpty => EventCount == 0;

    /// <summary>True when the range had been extracted before: what is here came late.</summary>
    public bool IsLate { get; init; }

    /// <summary>The runs, chain by chain, without references of the caller's own.</summary>
    public IEnumerable<EventRun> Runs
    {
        get
        {
            foreach (ChunkChain chain in chains)
            {
                foreach (EventRun run in chain.Runs)
                {
                    yield return run;
                }
            }
        }
    }

    internal int ChainCount => chains.Count;

    /// <summary>
    /// Takes those events of a run that lie inside, with references of its own. The caller still owns the run.
    /// </summary>
    /// <returns>How many were taken.</returns>
    public int Add(EventRun run)
    {
        EventRun? inside = run.Range(StartTime, EndTime);
        if (inside is null)
        {
            return 0;
        }

        int count = inside.Count;
        AddOwned(inside);
        return count;
    }

    /// <summary>
    /// Inserts one event with a copy of its record: for tools and tests, not for streams of events.
    /// </summary>
    /// <returns>False when it is another story's, lies outside, or its EventSequence is there already.</returns>
    public bool Insert(ulong storyId, ulong eventTime, ulong clientId, uint eventIndex, ReadOnlySpan<byte> record)
    {
        if (storyId != StoryId || !ChronoTick.IsWithin(eventTime, StartTime, EndTime)
            || Contains(new EventSequence(eventTime, clientId, eventIndex)))
        {
            return false;
        }

        var block = new PinnedBlock(record.Length);
        record.CopyTo(block.Span);
        var builder = new EventRunBuilder();
        builder.Append(new EventEntry(eventTime, clientId, eventIndex, block.Address, record.Length), block);
        block.Release();
        AddOwned(builder.Build()!);
        return true;
    }

    /// <summary>Whether an event with this identity is in the chunk.</summary>
    public bool Contains(EventSequence sequence)
    {
        foreach (EventRun run in Runs)
        {
            ReadOnlySpan<EventEntry> entries = run.Entries;
            for (int index = EntrySearch.LowerBound(entries, sequence.EventTime);
                index < entries.Length && entries[index].EventTime == sequence.EventTime;
                index++)
            {
                if (entries[index].Sequence == sequence)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Moves what fits out of another chunk of the same story and leaves the rest there.</summary>
    /// <returns>How many events were taken.</returns>
    public int MergeFrom(StoryChunk source)
    {
        if (source.StoryId != StoryId || ReferenceEquals(source, this))
        {
            return 0;
        }

        int taken = 0;
        foreach (EventRun run in source.Runs)
        {
            taken += Add(run);
        }

        if (taken > 0)
        {
            source.Erase(StartTime, EndTime);
        }

        return taken;
    }

    /// <summary>Removes the events in [startTime, endTime).</summary>
    /// <returns>How many.</returns>
    public int Erase(ulong startTime, ulong endTime)
    {
        if (startTime >= endTime)
        {
            return 0;
        }

        long erased = 0;
        foreach (ChunkChain chain in chains)
        {
            (long count, long recordBytes) = chain.Erase(startTime, endTime);
            erased += count;
            RecordBytes -= recordBytes;
        }

        EventCount -= erased;
        chains.RemoveAll(chain => chain.Count == 0);
        return (int)erased;
    }

    /// <summary>
    /// All events in order of EventSequence, duplicates dropped. The cursor has references of its own.
    /// </summary>
    public MergeCursor OpenMerge() => MergeCursor.Over(Runs);

    /// <summary>
    /// The same for handing over: of equal EventSequences with other bytes all are given, so that whoever archives keeps
    /// them apart.
    /// </summary>
    public MergeCursor OpenHandover() => MergeCursor.Over(Runs, keepDuplicates: false, keepConflicts: true);

    /// <summary>
    /// A second owner of the same events, with references of its own: each may change without the other.
    /// </summary>
    public StoryChunk Share()
    {
        var shared = new StoryChunk(StoryId, StartTime, EndTime)
        {
            IsLate = IsLate,
            EventCount = EventCount,
            RecordBytes = RecordBytes,
        };
        foreach (ChunkChain chain in chains)
        {
            shared.chains.Add(chain.Share());
        }

        return shared;
    }

    /// <summary>Lets go of all events: the chunk is empty afterwards.</summary>
    public void Release()
    {
        foreach (ChunkChain chain in chains)
        {
            chain.Release();
        }

        chains.Clear();
        EventCount = 0;
        RecordBytes = 0;
    }

    /// <summary>Adds a run that lies inside; takes over the caller's reference.</summary>
    internal void AddOwned(EventRun run)
    {
        EventCount += run.Count;
        RecordBytes += run.RecordBytes;
        EventSequence first = run.First;
        foreach (ChunkChain chain in chains)
        {
            // Equal ones are judged by their stamps, which only a merge looks at.
            if (chain.Last < first)
            {
                chain.Append(run);
                return;
            }
        }

        var added = new ChunkChain();
        added.Append(run);
        chains.Add(added);
        if (chains.Count > ChainsMax)
        {
            MergeSmallChains();
        }
    }

    /// <summary>
    /// Makes one chain of the smaller half. Only the small ones, so that what is merged again and again is never much.
    /// Duplicates stay: they are judged where the chunk is read.
    /// </summary>
    private void MergeSmallChains()
    {
        chains.Sort(static (left, right) => right.Count.CompareTo(left.Count));
        List<ChunkChain> small = chains.GetRange(ChainsMax / 2, chains.Count - (ChainsMax / 2));
        chains.RemoveRange(ChainsMax / 2, chains.Count - (ChainsMax / 2));
        using (MergeCursor cursor = MergeCursor.Over(small.SelectMany(chain => chain.Runs), keepDuplicates: true))
        {
            var merged = new ChunkChain();
            merged.Append(cursor.ToRun()!);
            chains.Add(merged);
        }

        foreach (ChunkChain chain in small)
        {
            chain.Release();
        }
    }
}

using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Runs of a chunk that follow one another in time, so that a merge treats them as one source. Small runs are put
/// together: frequent sequencing would else leave as many runs as cycles.
/// </summary>
internal sealed class ChunkChain
{
    /// <summary>Runs up to this size are copied behind the chain's last one: at most 8 KiB per sequencing.</summary>
    private const int SmallRun = 256;

    /// <summary>Runs are put together up to this size (128 KiB).</summary>
    private const int GatheredRunMax = 4096;

    /// <summary>A run that keeps more blocks than this alive stays for itself.</summary>
    private const int BlocksMax = 16;

    private readonly List<EventRun> runs = [];

    public IReadOnlyList<EventRun> Runs => runs;

    public long Count { get; private set; }

    public EventSequence Last { get; private set; }

    /// <summary>
    /// Puts a run at the end; takes over the reference. The run must not begin before <see cref="Last"/>.
    /// </summary>
    public void Append(EventRun run)
    {
        Count += run.Count;
        Last = run.Last;
        if (runs.Count > 0 && run.Count <= SmallRun && TryGather(runs[^1], run) is { } gathered)
        {
            runs[^1].Release();
            run.Release();
            runs[^1] = gathered;
        }
        else
        {
            runs.Add(run);
        }
    }

    /// <summary>Removes [startTime, endTime) and returns how many events and bytes that were.</summary>
    public (long Count, long RecordBytes) Erase(ulong startTime, ulong endTime)
    {
        long count = 0;
        long recordBytes = 0;
        for (int index = 0; index < runs.Count; index++)
        {
            EventRun run = runs[index];
            (int first, int length) = run.IndexRange(startTime, endTime);
            if (length == 0)
            {
                continue;
            }

            count += length;
            recordBytes += run.RecordBytes;
            runs.RemoveAt(index--);
            if (first > 0)
            {
                runs.Insert(++index, run.Slice(0, first));
                recordBytes -= runs[index].RecordBytes;
            }

            if (first + length < run.Count)
            {
                runs.Insert(++index, run.Slice(first + length, run.Count - first - length));
                recordBytes -= runs[index].RecordBytes;
            }

            run.Release();
        }

        Count -= count;
        if (runs.Count > 0)
        {
            Last = runs[^1].Last;
        }

        return (count, recordBytes);
    }

    /// <summary>Adds references to all runs of another chain.</summary>
    public ChunkChain Share()
    {
        var shared = new ChunkChain { Count = Count, Last = Last };
        foreach (EventRun run in runs)
        {
            shared.runs.Add(run.AddReference());
        }

        return shared;
    }

    public void Release()
    {
        foreach (EventRun run in runs)
        {
            run.Release();
        }

        runs.Clear();
        Count = 0;
    }

    private static EventRun? TryGather(EventRun tail, EventRun run)
    {
        int count = tail.Count + run.Count;
        if (count > GatheredRunMax || tail.Blocks.Length > BlocksMax || run.Blocks.Length > BlocksMax)
        {
            return null;
        }

        long recordBytes = tail.RecordBytes + run.RecordBytes;
        if (tail.Storage.TryExtend(tail.Start + tail.Count, run.Entries, run.Blocks))
        {
            tail.Storage.AddReference();
            return new EventRun(tail.Storage, tail.Start, count, recordBytes);
        }

        // Twice the room, so that each entry is copied twice at most on the way to the full size.
        EventEntry[] entries = EntryPool.Rent(Math.Min(count * 2, GatheredRunMax));
        var storage = new RunStorage(entries, 0, [], 0, pooled: true);
        if (!storage.TryExtend(0, tail.Entries, tail.Blocks) || !storage.TryExtend(tail.Count, run.Entries, run.Blocks))
        {
            throw new InvalidOperationException("a new array has no room for two runs");
        }

        return new EventRun(storage, 0, count, recordBytes);
    }
}

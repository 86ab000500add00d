using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Collects the entries of one run, in any order. Unsynchronized: one thread at a time. The array comes from a pool and
/// is handed over to the run as it is.
/// </summary>
public sealed class EventRunBuilder
{
    private const int CapacityMin = 16;

    /// <summary>Next run's first array is as large as the last run was, but at most 4096 entries (128 KiB).</summary>
    private const int CapacityGuessMax = 4096;

    private EventEntry[] entries = [];
    private PayloadBlock[] blocks = [];
    private PayloadBlock? lastBlock;
    private int count;
    private int blockCount;
    private int capacityGuess = CapacityMin;
    private long recordBytes;
    private ulong lastTime;
    private bool sorted = true;

    /// <summary>Entries collected since the last <see cref="Build"/>.</summary>
    public int Count => count;

    /// <summary>Bytes of their records.</summary>
    public long RecordBytes => recordBytes;

    /// <summary>The entries from the given one on, in the order in which they were added; valid until the next call.</summary>
    public ReadOnlySpan<EventEntry> Since(int first) => entries.AsSpan(first, count - first);

    /// <summary>
    /// Adds an entry. The caller holds a reference on the block, or a lock under which one is held; the builder takes
    /// one of its own, once per block.
    /// </summary>
    /// <param name="entry">Copied.</param>
    /// <param name="block">Where the record lies.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(in EventEntry entry, PayloadBlock block)
    {
        if (!ReferenceEquals(block, lastBlock))
        {
            AddBlock(block);
        }

        EventEntry[] array = entries;
        int index = count;
        if ((uint)index >= (uint)array.Length)
        {
            array = Grow();
        }

        array[index] = entry;
        count = index + 1;
        recordBytes += entry.Length;
        if (entry.EventTime > lastTime)
        {
            lastTime = entry.EventTime;
        }
        else
        {
            CheckOrder(array, index);
        }
    }

    /// <summary>
    /// The entries as one sorted run (equal ones in order of arrival), and an empty builder again; null when there are
    /// none.
    /// </summary>
    public EventRun? Build()
    {
        if (count == 0)
        {
            return null;
        }

        if (!sorted)
        {
            EntrySort.Sort(entries.AsSpan(0, count));
        }

        var storage = new RunStorage(entries, count, blocks, blockCount, pooled: true);
        var run = new EventRun(storage, 0, count, recordBytes);
        capacityGuess = Math.Clamp(count, CapacityMin, CapacityGuessMax);
        Reset();
        return run;
    }

    private void Reset()
    {
        entries = [];
        blocks = [];
        lastBlock = null;
        count = 0;
        blockCount = 0;
        recordBytes = 0;
        lastTime = 0;
        sorted = true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CheckOrder(EventEntry[] array, int index)
    {
        if (index > 0 && EventEntry.Compare(array[index], array[index - 1]) < 0)
        {
            sorted = false;
        }

        lastTime = array[index].EventTime;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private EventEntry[] Grow()
    {
        EventEntry[] larger = EntryPool.Rent(count == 0 ? capacityGuess : count * 2);
        entries.AsSpan(0, count).CopyTo(larger);
        if (entries.Length > 0)
        {
            EntryPool.Return(entries);
        }

        entries = larger;
        return larger;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddBlock(PayloadBlock block)
    {
        ArgumentNullException.ThrowIfNull(block);
        lastBlock = block;
        if (Array.LastIndexOf(blocks, block, Math.Max(blockCount - 1, 0), blockCount) >= 0)
        {
            return;
        }

        block.AddReference();
        if (blockCount == blocks.Length)
        {
            Array.Resize(ref blocks, Math.Max(2, blockCount * 2));
        }

        blocks[blockCount++] = block;
    }
}

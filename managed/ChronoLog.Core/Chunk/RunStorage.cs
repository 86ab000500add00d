using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// The array behind one or more runs, and the references on the blocks its entries point into. Reference counted: with
/// the last run the blocks are released and the array goes back to its pool.
/// </summary>
/// <remarks>
/// Entries below <see cref="used"/> never change, so runs are immutable and readable from any thread; entries beyond it
/// belong to nobody until <see cref="TryExtend"/> claims them. That is how many small runs become one without touching
/// what a snapshot holds.
/// </remarks>
internal sealed class RunStorage
{
    private readonly bool pooled;
    private PayloadBlock[] blocks;
    private int blockCount;
    private int references = 1;
    private int used;

    /// <param name="entries">Handed over.</param>
    /// <param name="used">How many of them are filled.</param>
    /// <param name="blocks">Handed over, with one reference on each.</param>
    /// <param name="blockCount">How many of them are filled.</param>
    /// <param name="pooled">The array came from <see cref="EntryPool"/>.</param>
    public RunStorage(EventEntry[] entries, int used, PayloadBlock[] blocks, int blockCount, bool pooled)
    {
        Entries = entries;
        this.used = used;
        this.blocks = blocks;
        this.blockCount = blockCount;
        this.pooled = pooled;
    }

    public EventEntry[] Entries { get; }

    public ReadOnlySpan<PayloadBlock> Blocks
    {
        get
        {
            lock (this)
            {
                return blocks.AsSpan(0, blockCount);
            }
        }
    }

    public void AddReference()
    {
        if (Interlocked.Increment(ref references) <= 1)
        {
            throw new ObjectDisposedException(nameof(EventRun), "a run was referenced after its release");
        }
    }

    public void Release()
    {
        int after = Interlocked.Decrement(ref references);
        if (after > 0)
        {
            return;
        }

        if (after < 0)
        {
            throw new InvalidOperationException("a run was released more often than referenced");
        }

        for (int index = 0; index < blockCount; index++)
        {
            blocks[index].Release();
        }

        if (pooled)
        {
            EntryPool.Return(Entries);
        }
    }

    /// <summary>
    /// Copies entries behind the last used one, if that is where the caller's run ends and there is room. The caller
    /// holds a reference. Takes references of its own on the blocks.
    /// </summary>
    public bool TryExtend(int end, ReadOnlySpan<EventEntry> more, ReadOnlySpan<PayloadBlock> moreBlocks)
    {
        if (!pooled || end + more.Length > Entries.Length
            || Interlocked.CompareExchange(ref used, end + more.Length, end) != end)
        {
            return false;
        }

        more.CopyTo(Entries.AsSpan(end));
        AddBlocks(moreBlocks);
        return true;
    }

    /// <summary>Adds blocks that are not listed yet, with a reference each.</summary>
    private void AddBlocks(ReadOnlySpan<PayloadBlock> more)
    {
        lock (this)
        {
            foreach (PayloadBlock block in more)
            {
                if (Array.IndexOf(blocks, block, 0, blockCount) >= 0)
                {
                    continue;
                }

                block.AddReference();
                if (blockCount == blocks.Length)
                {
                    // A new array: whoever enumerates the old one goes on undisturbed.
                    Array.Resize(ref blocks, Math.Max(4, blockCount * 2));
                }

                blocks[blockCount++] = block;
            }
        }
    }
}

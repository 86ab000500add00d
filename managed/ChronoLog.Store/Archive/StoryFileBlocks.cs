using ChronoLog.Core.Chunk;

namespace ChronoLog.Store.Archive;

/// <summary>The checked blocks of a mapped StoryFile's columns: each is verified once, before its first use.</summary>
internal sealed class StoryFileBlocks : IDisposable
{
    private const int BlockBytes = StoryFileUserBlock.BlockBytes;

    private readonly string path;
    private readonly MappedFileBlock mapping;
    private readonly StoryFileUserBlock layout;
    private readonly long[] firstBlock = new long[StoryFileUserBlock.BlockCheckedColumns];

    // 1 = verified. Two threads may verify the same block at the same time; both write the same.
    private readonly byte[] verified;
    private readonly bool hasChecksums = true;
    private int disposed;

    /// <summary>Takes over the caller's reference, unless it throws.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="mapping">The file.</param>
    /// <param name="layout">Where its columns lie.</param>
    /// <param name="isDamaged">Known to be: if the checksums themselves are, no block is called right.</param>
    public StoryFileBlocks(string path, MappedFileBlock mapping, StoryFileUserBlock layout, bool isDamaged)
    {
        this.path = path;
        this.mapping = mapping;
        this.layout = layout;
        long blocks = 0;
        for (int i = 0; i < firstBlock.Length; i++)
        {
            firstBlock[i] = blocks;
            blocks += StoryFileUserBlock.BlockCount(layout.Columns[i].Length);
        }

        verified = new byte[blocks];
        if (isDamaged)
        {
            hasChecksums = IsWhole(StoryColumn.BlockCrc32c);
            return;
        }

        CheckWhole(StoryColumn.BlockCrc32c);
        CheckWhole(StoryColumn.Partials);
    }

    /// <summary>
    /// Values of a column after their blocks were verified. The caller holds a reference on the mapping.
    /// </summary>
    /// <exception cref="Core.Protocol.ChronoLogException">Corrupt.</exception>
    public unsafe ReadOnlySpan<T> Verified<T>(StoryColumn column, long first, int count) where T : unmanaged
    {
        if (count == 0)
        {
            return [];
        }

        long end = (first + count) * sizeof(T);
        for (long block = first * sizeof(T) / BlockBytes; block * BlockBytes < end; block++)
        {
            if (!Check(column, block))
            {
                throw StoryFileUserBlock.Corrupt(path, Describe(column, block));
            }
        }

        return mapping.Values<T>(layout[column], first, count);
    }

    /// <summary>
    /// Index of the first event with this tick or a later one; the number of events when there is none.
    /// </summary>
    public long LowerBound(ulong tick)
    {
        if (tick <= layout.Header.StartTime)
        {
            return 0;
        }

        long low = 0;
        long high = layout.Header.EventCount;
        if (tick >= layout.Header.EndTime)
        {
            return high;
        }

        while (low < high)
        {
            long middle = low + (high - low) / 2;
            if (Verified<ulong>(StoryColumn.EventTime, middle, 1)[0] < tick)
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

    /// <summary>Checks every block, and names those that are damaged.</summary>
    public List<string> VerifyAll()
    {
        var findings = new List<string>();
        for (int column = 0; column < firstBlock.Length; column++)
        {
            long blocks = StoryFileUserBlock.BlockCount(layout.Columns[column].Length);
            for (long block = 0; block < blocks; block++)
            {
                verified[firstBlock[column] + block] = 0;
                if (!Check((StoryColumn)column, block))
                {
                    findings.Add(Describe((StoryColumn)column, block));
                }
            }
        }

        return findings;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            mapping.Release();
        }
    }

    private static string Describe(StoryColumn column, long block) =>
        $"the checksum of block {block} of column {column} does not match";

    private bool Check(StoryColumn column, long block)
    {
        long index = firstBlock[(int)column] + block;
        if (!hasChecksums)
        {
            return false;
        }

        if (Volatile.Read(ref verified[index]) == 1)
        {
            return true;
        }

        long start = block * BlockBytes;
        int length = (int)Math.Min(BlockBytes, layout[column].Length - start);
        uint expected = mapping.Values<uint>(layout[StoryColumn.BlockCrc32c], index, 1)[0];
        if (Crc32C.Compute(mapping.Values<byte>(layout[column], start, length)) != expected)
        {
            return false;
        }

        Volatile.Write(ref verified[index], 1);
        return true;
    }

    private void CheckWhole(StoryColumn column)
    {
        if (!IsWhole(column))
        {
            throw StoryFileUserBlock.Corrupt(path, $"the checksum of column {column} does not match");
        }
    }

    private bool IsWhole(StoryColumn column)
    {
        ColumnExtent extent = layout[column];
        uint crc = 0;
        for (long at = 0; at < extent.Length; at += BlockBytes)
        {
            crc = Crc32C.Append(crc, mapping.Values<byte>(extent, at, (int)Math.Min(BlockBytes, extent.Length - at)));
        }

        return crc == extent.Crc32c;
    }
}

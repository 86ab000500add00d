using System.Runtime.InteropServices;
using ChronoLog.Core.Chunk;

namespace ChronoLog.Store.Archive;

/// <summary>The checked blocks of a mapped StoryFile's columns: each is verified once, before its first use.</summary>
internal sealed class StoryFileBlocks : IDisposable
{
    private const int BlockBytes = StoryFileUserBlock.BlockBytes;

    private readonly string path;
    private readonly MappedFileBlock mapping;
    private readonly StoryFileUserBlock layout;
    // By column: the number of its first block. And the block inflated last: neighbours are asked for one after the other.
    private readonly long[] firstBlock;
    private readonly Inflated?[] inflated;

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
        firstBlock = new long[layout.Columns.Count];
        inflated = new Inflated?[layout.Columns.Count];
        long blocks = 0;
        foreach (StoryColumn column in layout.Checked)
        {
            firstBlock[(int)column] = blocks;
            blocks += StoryFileUserBlock.BlockCount(layout[column].Length);
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

        if (layout.Header.IsCompressed)
        {
            var values = new T[count];
            Read<T>(column, first, values);
            return values;
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

    /// <summary>Copies values of a column, after their blocks were verified.</summary>
    /// <exception cref="Core.Protocol.ChronoLogException">Corrupt.</exception>
    public unsafe void Read<T>(StoryColumn column, long first, Span<T> target) where T : unmanaged
    {
        if (!layout.Header.IsCompressed)
        {
            Verified<T>(column, first, target.Length).CopyTo(target);
            return;
        }

        Span<byte> bytes = MemoryMarshal.AsBytes(target);
        for (long at = first * sizeof(T); !bytes.IsEmpty;)
        {
            ReadOnlySpan<byte> raw = Inflate(column, at / BlockBytes, sizeof(T))[(int)(at % BlockBytes)..];
            raw = raw[..Math.Min(raw.Length, bytes.Length)];
            raw.CopyTo(bytes);
            bytes = bytes[raw.Length..];
            at += raw.Length;
        }
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
        foreach (StoryColumn column in layout.Checked)
        {
            long blocks = StoryFileUserBlock.BlockCount(layout[column].Length);
            for (long block = 0; block < blocks; block++)
            {
                verified[firstBlock[(int)column] + block] = 0;
                if (!Check(column, block))
                {
                    findings.Add(Describe(column, block));
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

        uint expected = mapping.Values<uint>(layout[StoryColumn.BlockCrc32c], index, 1)[0];
        if (Crc32C.Compute(Stored(column, block)) != expected)
        {
            return false;
        }

        Volatile.Write(ref verified[index], 1);
        return true;
    }

    /// <summary>A block as it lies in the file.</summary>
    private ReadOnlySpan<byte> Stored(StoryColumn column, long block)
    {
        if (layout.Header.IsCompressed)
        {
            ColumnExtent place = layout.Blocks[(int)(firstBlock[(int)column] + block)];
            return mapping.Values<byte>(place, 0, (int)place.Length);
        }

        long start = block * BlockBytes;
        return mapping.Values<byte>(layout[column], start, (int)Math.Min(BlockBytes, layout[column].Length - start));
    }

    private ReadOnlySpan<byte> Inflate(StoryColumn column, long block, int elementBytes)
    {
        long columnBytes = layout[column].Length;
        int length = (int)Math.Min(BlockBytes, columnBytes - (block * BlockBytes));
        Inflated? last = Volatile.Read(ref inflated[(int)column]);
        if (last?.Block == block)
        {
            return last.Raw.AsSpan(0, length);
        }

        if (!Check(column, block))
        {
            throw StoryFileUserBlock.Corrupt(path, Describe(column, block));
        }

        byte[] raw = StoredBlock.TryDecode(Stored(column, block), StoredBlock.ChunkBytes(columnBytes), elementBytes)
            ?? throw StoryFileUserBlock.Corrupt(path, $"block {block} of column {column} does not inflate");
        Volatile.Write(ref inflated[(int)column], new Inflated(block, raw));
        return raw.AsSpan(0, length);
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

    private sealed record Inflated(long Block, byte[] Raw);
}

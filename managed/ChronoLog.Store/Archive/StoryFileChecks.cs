using System.Buffers;
using ChronoLog.Core.Chunk;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>Checksums over parts of a StoryFile, by reading it.</summary>
internal static class StoryFileChecks
{
    private const int BufferBytes = StoryFileUserBlock.BlockBytes;

    /// <summary>Of everything that is neither user block nor column.</summary>
    public static uint MetadataCrc32c(PosixFile file, StoryFileUserBlock block)
    {
        uint crc = 0;
        foreach ((long offset, long length) in block.MetadataRanges())
        {
            crc = Append(crc, file, offset, length);
        }

        return crc;
    }

    /// <summary>Of one range.</summary>
    public static uint Compute(PosixFile file, ColumnExtent extent) => Append(0, file, extent.Offset, extent.Length);

    private static uint Append(uint crc, PosixFile file, long offset, long length)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (long end = offset + length; offset < end;)
            {
                Span<byte> part = buffer.AsSpan(0, (int)Math.Min(BufferBytes, end - offset));
                file.ReadExactlyAt(part, offset);
                crc = Crc32C.Append(crc, part);
                offset += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return crc;
    }
}

using System.Buffers.Binary;
using System.IO.Compression;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>
/// A block of a column as it lies in a compressed StoryFile: what HDF5's filters shuffle, deflate and Fletcher32 make of an
/// HDF5 chunk, so that every HDF5 reader inflates it. Done here and not by libhdf5, so that many threads write and read
/// files at once, and a damaged block is an error instead of a crash.
/// </summary>
/// <remarks>
/// shuffle: first byte of every element, then the second one of each, and so on, which makes columns of ticks
/// compressible. deflate: a zlib stream. Fletcher32: 4 bytes behind it, little-endian, over 16-bit words in big-endian order.
/// </remarks>
internal static class StoredBlock
{
    /// <summary>Bytes before compression: one block of a column.</summary>
    public const int RawBytes = StoryFileUserBlock.BlockBytes;

    /// <summary>Most bytes that are stored for a block: incompressible ones grow by less than 1 in 1000.</summary>
    public const int BytesMax = RawBytes + 4096;

    private const int ChecksumBytes = 4;

    /// <summary>Bytes of the HDF5 chunks of a column: a shorter column is one chunk.</summary>
    public static int ChunkBytes(long columnBytes) => (int)Math.Min(RawBytes, columnBytes);

    /// <summary>Makes the stored form.</summary>
    /// <param name="raw">Content of a block; the last one of a column may be shorter than a chunk.</param>
    /// <param name="chunkBytes">Of the whole chunk: the rest is zeros.</param>
    /// <param name="elementBytes">Bytes of the column's elements.</param>
    public static byte[] Encode(ReadOnlySpan<byte> raw, int chunkBytes, int elementBytes)
    {
        var shuffled = new byte[chunkBytes];
        Shuffle(raw, shuffled, chunkBytes / elementBytes, elementBytes);
        using var stored = new MemoryStream(BytesMax);
        using (var deflating = new ZLibStream(stored, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflating.Write(shuffled);
        }

        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(
            checksum, Fletcher32(stored.GetBuffer().AsSpan(0, (int)stored.Length)));
        stored.Write(checksum);
        return stored.ToArray();
    }

    /// <summary>Gives the content back. Never more than a chunk is inflated, whatever the block claims to hold.</summary>
    /// <param name="stored">From the file, its CRC checked.</param>
    /// <param name="chunkBytes">What it must inflate to.</param>
    /// <param name="elementBytes">Bytes of the column's elements.</param>
    /// <returns>The chunk; null when it is not the stored form of one.</returns>
    public static unsafe byte[]? TryDecode(ReadOnlySpan<byte> stored, int chunkBytes, int elementBytes)
    {
        if (stored.Length <= ChecksumBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> deflated = stored[..^ChecksumBytes];
        if (Fletcher32(deflated) != BinaryPrimitives.ReadUInt32LittleEndian(stored[^ChecksumBytes..]))
        {
            return null;
        }

        var shuffled = new byte[chunkBytes];
        fixed (byte* first = deflated)
        {
            using var source = new UnmanagedMemoryStream(first, deflated.Length);
            using var inflating = new ZLibStream(source, CompressionMode.Decompress);
            try
            {
                if (inflating.ReadAtLeast(shuffled, chunkBytes, throwOnEndOfStream: false) != chunkBytes
                    || inflating.ReadByte() >= 0)
                {
                    return null;
                }
            }
            catch (InvalidDataException)
            {
                return null;
            }
        }

        if (elementBytes == 1)
        {
            return shuffled;
        }

        var raw = new byte[chunkBytes];
        int elements = chunkBytes / elementBytes;
        for (int lane = 0; lane < elementBytes; lane++)
        {
            ReadOnlySpan<byte> bytes = shuffled.AsSpan(lane * elements, elements);
            for (int i = 0; i < elements; i++)
            {
                raw[(i * elementBytes) + lane] = bytes[i];
            }
        }

        return raw;
    }

    /// <summary>HDF5's checksum: the sums are folded so seldom that they cannot overflow.</summary>
    internal static uint Fletcher32(ReadOnlySpan<byte> bytes)
    {
        const int WordsPerFold = 360;
        uint first = 0;
        uint second = 0;
        while (bytes.Length >= 2)
        {
            int words = Math.Min(bytes.Length / 2, WordsPerFold);
            for (int i = 0; i < words; i++)
            {
                first += BinaryPrimitives.ReadUInt16BigEndian(bytes[(2 * i)..]);
                second += first;
            }

            bytes = bytes[(2 * words)..];
            (first, second) = (Fold(first), Fold(second));
        }

        if (bytes.Length == 1)
        {
            first += (uint)bytes[0] << 8;
            second += first;
            (first, second) = (Fold(first), Fold(second));
        }

        return (Fold(second) << 16) | Fold(first);
    }

    private static uint Fold(uint sum) => (sum & 0xFFFF) + (sum >> 16);

    private static void Shuffle(ReadOnlySpan<byte> raw, Span<byte> shuffled, int elements, int elementBytes)
    {
        if (elementBytes == 1)
        {
            raw.CopyTo(shuffled);
            return;
        }

        for (int lane = 0; lane < elementBytes; lane++)
        {
            Span<byte> target = shuffled.Slice(lane * elements, elements);
            for (int at = lane, i = 0; at < raw.Length; at += elementBytes, i++)
            {
                target[i] = raw[at];
            }
        }
    }
}

using ChronoLog.Core.Chunk;
using ChronoLog.Interop.Hdf5;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Compresses a column block by block. Each goes into the skeleton, where HDF5 gives it its place, and from there into the
/// real file.
/// </summary>
/// <param name="file">The real file.</param>
/// <param name="memory">The skeleton.</param>
/// <param name="dataset">The column's, in the skeleton.</param>
/// <param name="columnBytes">Of the whole column.</param>
/// <param name="elementBytes">Bytes of its elements.</param>
/// <param name="userBlockBytes">By which HDF5's addresses may be less than the file's.</param>
internal sealed class BlockSink(
    PosixFile file, PosixFile memory, Hdf5ChunkedDataset dataset, long columnBytes, int elementBytes, int userBlockBytes)
    : IColumnSink
{
    private readonly int chunkBytes = StoredBlock.ChunkBytes(columnBytes);
    private long written;

    /// <summary>Where the blocks lie.</summary>
    public List<ColumnExtent> Places { get; } = [];

    public void Write(ReadOnlySpan<byte> bytes, List<uint> checksums)
    {
        for (int at = 0; at < bytes.Length; at += StoredBlock.RawBytes)
        {
            ReadOnlySpan<byte> raw = bytes.Slice(at, Math.Min(StoredBlock.RawBytes, bytes.Length - at));
            byte[] stored = StoredBlock.Encode(raw, chunkBytes, elementBytes);
            long element = written / elementBytes;
            dataset.WriteChunk(element, stored);
            long offset = Find(dataset.Locate(element), stored);
            file.WriteAt(stored, offset);
            Places.Add(new ColumnExtent(offset, stored.Length, 0));
            checksums.Add(Crc32C.Compute(stored));
            written += raw.Length;
        }
    }

    // Of both places where it may be by what HDF5 says, the one where it is.
    private long Find((long Address, long Length) place, ReadOnlySpan<byte> stored)
    {
        if (place.Length == stored.Length)
        {
            var found = new byte[stored.Length];
            foreach (long offset in new[] { place.Address + userBlockBytes, place.Address })
            {
                if (memory.ReadAt(found, offset) == found.Length && stored.SequenceEqual(found))
                {
                    return offset;
                }
            }
        }

        throw new Hdf5Exception(
            $"a block of {stored.Length} bytes is not at {place.Address}, where HDF5 put {place.Length} bytes of '{file.Path}'");
    }
}

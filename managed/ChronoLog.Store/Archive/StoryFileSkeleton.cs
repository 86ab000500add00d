using System.Buffers;
using ChronoLog.Interop.Hdf5;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// A StoryFile without its columns: HDF5 makes it in a nameless file in memory, where the columns are holes, and says
/// where they belong; what HDF5 wrote is then copied into the real file. So libhdf5 never meets a full or failing disk:
/// after an H5Fclose that fails it keeps the file, and its descriptor, for ever.
/// </summary>
internal sealed class StoryFileSkeleton : IDisposable
{
    // Columns start at cache lines, so that mapped values are aligned.
    private const int Alignment = 64;
    private const string Memory = "/dev/shm";
    private const int OwnerOnly = 0b110_000_000;

    private readonly PosixFile memory;
    private readonly Hdf5File hdf5;
    private readonly int userBlockBytes;
    private readonly string displayPath;
    private readonly StoryFileHeader header;
    private readonly Dictionary<StoryColumn, Hdf5ChunkedDataset> chunked = [];
    private readonly Dictionary<StoryColumn, BlockSink> blocks = [];

    /// <param name="header">Counts and texts; the times may follow.</param>
    /// <param name="displayPath">For messages.</param>
    public StoryFileSkeleton(StoryFileHeader header, string displayPath)
    {
        this.displayPath = displayPath;
        this.header = header;
        userBlockBytes = StoryFileUserBlock.RequiredBytes(header);
        // HDF5 resolves links in a name, so it needs a real one; memfd and O_TMPFILE have none.
        string directory = Directory.Exists(Memory) ? Memory : Path.GetTempPath();
        string path = Path.Combine(directory, "chronolog-" + Path.GetRandomFileName());
        memory = PosixFile.Open(path, PosixOpen.ReadWrite | PosixOpen.Create | PosixOpen.Exclusive, OwnerOnly);
        try
        {
            try
            {
                hdf5 = Hdf5File.Create(path, displayPath, userBlockBytes, Alignment);
            }
            finally
            {
                PosixFile.Unlink(path);
            }

            Extents = CreateDatasets();
        }
        catch
        {
            CloseDatasets();
            hdf5?.Dispose();
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Where the columns belong, without checksums.</summary>
    public ColumnExtent[] Extents { get; }

    /// <summary>Where a column's bytes go.</summary>
    /// <param name="file">The real file.</param>
    /// <param name="column">One that is covered by checksums of its blocks.</param>
    public IColumnSink Open(PosixFile file, StoryColumn column)
    {
        ColumnExtent extent = Extents[(int)column];
        if (!chunked.TryGetValue(column, out Hdf5ChunkedDataset? dataset))
        {
            return new StretchSink(file, extent.Offset);
        }

        (_, Hdf5Type type, _) = StoryFileDatasets.Describe(column, extent.Length);
        return blocks[column] = new BlockSink(file, memory, dataset, extent.Length, (int)type, userBlockBytes);
    }

    /// <summary>Where the blocks of a compressed file were put, in the order of their checksums.</summary>
    public IReadOnlyList<ColumnExtent> Blocks =>
    [
        .. StoryFileUserBlock.CheckedColumns(header.FormatVersion)
            .SelectMany(column => blocks.TryGetValue(column, out BlockSink? sink) ? sink.Places : []),
    ];

    /// <summary>
    /// Completes HDF5's part and writes it, and the user block, into the file that holds the columns.
    /// </summary>
    /// <param name="file">The real file.</param>
    /// <param name="header">Complete.</param>
    /// <param name="partials">For the attribute with the Keepers.</param>
    /// <param name="extents">With checksums.</param>
    public void CopyTo(
        PosixFile file, StoryFileHeader header, IReadOnlyList<PartialKey> partials, ColumnExtent[] extents)
    {
        StoryFileAttributes.Write(hdf5, header, partials);
        CloseDatasets();
        hdf5.Close();
        long length = memory.Length;
        var block = new StoryFileUserBlock(header, userBlockBytes, length, 0, extents) { Blocks = Blocks };
        block = block with { MetadataCrc32c = StoryFileChecks.MetadataCrc32c(memory, block) };
        file.Truncate(length);
        foreach ((long offset, long bytes) in block.MetadataRanges())
        {
            Copy(file, offset, bytes);
        }

        file.WriteAt(block.Encode(), 0);
    }

    public void Dispose()
    {
        CloseDatasets();
        hdf5.Dispose();
        memory.Dispose();
    }

    private void CloseDatasets()
    {
        foreach (Hdf5ChunkedDataset dataset in chunked.Values)
        {
            dataset.Dispose();
        }

        chunked.Clear();
    }

    private ColumnExtent[] CreateDatasets()
    {
        long[] lengths = StoryFileUserBlock.RequiredLengths(header);
        var extents = new ColumnExtent[lengths.Length];
        hdf5.CreateGroup(StoryFileDatasets.Group);
        for (int i = 0; i < extents.Length; i++)
        {
            var column = (StoryColumn)i;
            if (!StoryFileDatasets.Has(header, column))
            {
                continue;
            }

            (string name, Hdf5Type type, long[] dimensions) = StoryFileDatasets.Describe(column, lengths[i]);
            if (lengths[i] > 0 && StoryFileUserBlock.IsInBlocks(header, column))
            {
                int chunkElements = StoredBlock.ChunkBytes(lengths[i]) / (int)type;
                chunked.Add(column, hdf5.CreateChunked(name, type, lengths[i] / (int)type, chunkElements));
                extents[i] = new ColumnExtent(0, lengths[i], 0);
                continue;
            }

            long? offset = hdf5.CreateContiguous(name, type, dimensions);
            extents[i] = new ColumnExtent(lengths[i] == 0 ? 0 : Required(offset, name), lengths[i], 0);
        }

        return extents;
    }

    private static long Required(long? offset, string name) =>
        offset ?? throw new Hdf5Exception($"HDF5 gave dataset '{name}' no place in the file");

    private void Copy(PosixFile file, long offset, long bytes)
    {
        // HDF5's own part of a file has a few kilobytes.
        const long BytesMax = 16 << 20;
        if (bytes > BytesMax)
        {
            throw new Hdf5Exception($"HDF5 wrote {bytes} bytes of its own into '{displayPath}'");
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)bytes);
        memory.ReadExactlyAt(buffer.AsSpan(0, (int)bytes), offset);
        file.WriteAt(buffer.AsSpan(0, (int)bytes), offset);
        ArrayPool<byte>.Shared.Return(buffer);
    }
}

namespace ChronoLog.Interop.Hdf5;

/// <summary>A one-dimensional dataset in chunks, which are written as they are stored: already filtered.</summary>
public sealed unsafe class Hdf5ChunkedDataset : IDisposable
{
    private readonly Hdf5Handle dataset;
    private readonly string name;
    private readonly string path;

    internal Hdf5ChunkedDataset(Hdf5Handle dataset, string name, string path)
    {
        this.dataset = dataset;
        this.name = name;
        this.path = path;
    }

    /// <summary>Writes a chunk that has passed through every filter.</summary>
    /// <param name="element">Number of its first element.</param>
    /// <param name="stored">As it is stored.</param>
    /// <exception cref="Hdf5Exception">HDF5 failed.</exception>
    public void WriteChunk(long element, ReadOnlySpan<byte> stored)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        ulong offset = (ulong)element;
        fixed (byte* first = stored)
        {
            int result = H5D.write_chunk(dataset.Id, H5P.DEFAULT, 0, &offset, (nuint)stored.Length, first);
            Hdf5Library.Check(result, $"write a chunk of dataset '{name}'", path);
        }
    }

    /// <summary>
    /// Address and bytes of a chunk. Whether the address counts from the file's first byte or from the end of its user
    /// block depends on libhdf5's version.
    /// </summary>
    /// <param name="element">Number of its first element.</param>
    /// <exception cref="Hdf5Exception">HDF5 failed, or has no such chunk.</exception>
    public (long Address, long Length) Locate(long element)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        ulong offset = (ulong)element;
        uint mask = 0;
        ulong address = 0;
        ulong size = 0;
        int result = H5D.get_chunk_info_by_coord(dataset.Id, &offset, &mask, &address, &size);
        Hdf5Library.Check(result, $"find a chunk of dataset '{name}'", path);
        return mask == 0 && address != ulong.MaxValue
            ? ((long)address, (long)size)
            : throw new Hdf5Exception($"dataset '{name}' in '{path}' has no chunk with its filters at element {element}");
    }

    public void Dispose() => dataset.Dispose();
}

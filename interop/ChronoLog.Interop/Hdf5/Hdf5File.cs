using System.Runtime.InteropServices;
using System.Text;

namespace ChronoLog.Interop.Hdf5;

/// <summary>
/// An HDF5 file: contiguous and chunked datasets of unsigned integers, and attributes of its root group. One thread at a time.
/// libhdf5 crashes on damaged files: verify a file's checksum before <see cref="Open"/>.
/// </summary>
public sealed unsafe class Hdf5File : IDisposable
{
    private readonly Hdf5Handle file;
    private readonly string path;

    private Hdf5File(Hdf5Handle file, string path)
    {
        this.file = file;
        this.path = path;
    }

    /// <summary>
    /// Makes an empty HDF5 file of what the path names; nothing is on the device before the file is synced.
    /// </summary>
    /// <param name="path">May be <c>/proc/self/fd/N</c> of a file created safely before.</param>
    /// <param name="displayPath">For messages.</param>
    /// <param name="userBlockBytes">Bytes left to the application at the start: 0, or a power of two from 512.</param>
    /// <param name="alignment">Every object starts at a multiple of it.</param>
    /// <exception cref="Hdf5Exception">HDF5 failed.</exception>
    public static Hdf5File Create(string path, string displayPath, int userBlockBytes, int alignment)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle creation = List(H5P.FILE_CREATE, displayPath);
        using Hdf5Handle access = List(H5P.FILE_ACCESS, displayPath);
        Check(H5P.set_userblock(creation.Id, (ulong)userBlockBytes), "set the user block", displayPath);
        Check(H5P.set_alignment(access.Id, 1, (ulong)alignment), "set the alignment", displayPath);
        // A fixed upper bound, so that a newer libhdf5 does not write what an older reader cannot read.
        Check(H5P.set_libver_bounds(access.Id, H5F.LIBVER_V110, H5F.LIBVER_V110), "set the format", displayPath);
        long id = H5F.create(path, H5F.ACC_TRUNC, creation.Id, access.Id);
        return new Hdf5File(Hdf5Handle.Take(id, H5F.close, "create a file", displayPath), displayPath);
    }

    /// <summary>Opens for reading.</summary>
    /// <exception cref="Hdf5Exception">HDF5 failed.</exception>
    public static Hdf5File Open(string path, string displayPath)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        long id = H5F.open(path, H5F.ACC_RDONLY, H5P.DEFAULT);
        return new Hdf5File(Hdf5Handle.Take(id, H5F.close, "open the file", displayPath), displayPath);
    }

    public void CreateGroup(string name)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        long id = H5G.create(file.Id, name, H5P.DEFAULT, H5P.DEFAULT, H5P.DEFAULT);
        Hdf5Handle.Take(id, H5G.close, $"create group '{name}'", path).Dispose();
    }

    /// <summary>Creates a contiguous dataset whose space is allocated now and not filled.</summary>
    /// <returns>Where its bytes lie, from the file's first byte; null when it has none.</returns>
    public long? CreateContiguous(string name, Hdf5Type type, params ReadOnlySpan<long> dimensions)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle creation = List(H5P.DATASET_CREATE, path);
        Check(H5P.set_layout(creation.Id, H5D.CONTIGUOUS), "set the layout", path);
        Check(H5P.set_alloc_time(creation.Id, H5D.ALLOC_TIME_EARLY), "set the allocation", path);
        Check(H5P.set_fill_time(creation.Id, H5D.FILL_TIME_NEVER), "set the fill time", path);
        using Hdf5Handle space = Space(dimensions);
        string what = $"create dataset '{name}'";
        using Hdf5Handle dataset = Hdf5Handle.Take(
            H5D.create(file.Id, name, TypeId(type), space.Id, H5P.DEFAULT, creation.Id, H5P.DEFAULT),
            H5D.close, what, path);
        return Offset(dataset);
    }

    /// <summary>
    /// Creates a one-dimensional dataset in chunks that pass through shuffle, deflate and Fletcher32; without any chunk yet.
    /// </summary>
    /// <param name="name">Its path.</param>
    /// <param name="type">Of its elements.</param>
    /// <param name="elements">All, at least 1.</param>
    /// <param name="chunkElements">Of one chunk, at most all.</param>
    public Hdf5ChunkedDataset CreateChunked(string name, Hdf5Type type, long elements, long chunkElements)
    {
        // What other readers are told; they need no level to inflate.
        const uint DeflateLevel = 6;
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle creation = List(H5P.DATASET_CREATE, path);
        ulong chunk = (ulong)chunkElements;
        Check(H5P.set_layout(creation.Id, H5D.CHUNKED), "set the layout", path);
        Check(H5P.set_chunk(creation.Id, 1, &chunk), "set the chunks", path);
        Check(H5P.set_fill_time(creation.Id, H5D.FILL_TIME_NEVER), "set the fill time", path);
        Check(H5P.set_shuffle(creation.Id), "set the shuffle filter", path);
        Check(H5P.set_deflate(creation.Id, DeflateLevel), "set the deflate filter", path);
        Check(H5P.set_fletcher32(creation.Id), "set the checksum filter", path);
        using Hdf5Handle space = Space([elements]);
        long id = H5D.create(file.Id, name, TypeId(type), space.Id, H5P.DEFAULT, creation.Id, H5P.DEFAULT);
        return new Hdf5ChunkedDataset(Hdf5Handle.Take(id, H5D.close, $"create dataset '{name}'", path), name, path);
    }

    /// <summary>Opens a dataset that <see cref="CreateChunked"/> made.</summary>
    public Hdf5ChunkedDataset OpenChunked(string name)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        return new Hdf5ChunkedDataset(OpenDataset(name), name, path);
    }

    /// <summary>Where a dataset's bytes lie, and its number of elements.</summary>
    public (long? Offset, long Elements) Locate(string name, Hdf5Type type)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle dataset = OpenDataset(name);
        using Hdf5Handle actual =
            Hdf5Handle.Take(H5D.get_type(dataset.Id), H5T.close, $"ask the type of '{name}'", path);
        if (H5T.equal(actual.Id, TypeId(type)) <= 0)
        {
            throw new Hdf5Exception($"dataset '{name}' in '{path}' is not of type {type}");
        }

        using Hdf5Handle space =
            Hdf5Handle.Take(H5D.get_space(dataset.Id), H5S.close, $"ask the extent of '{name}'", path);
        return (Offset(dataset), H5S.get_simple_extent_npoints(space.Id));
    }

    /// <summary>Writes a whole dataset.</summary>
    public void Write<T>(string name, Hdf5Type type, ReadOnlySpan<T> values) where T : unmanaged
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle dataset = OpenDataset(name);
        CheckSize(dataset, values.Length * (long)sizeof(T), name);
        fixed (T* first = values)
        {
            int result = H5D.write(dataset.Id, TypeId(type), H5S.ALL, H5S.ALL, H5P.DEFAULT, first);
            Check(result, $"write dataset '{name}'", path);
        }
    }

    /// <summary>Reads a whole dataset.</summary>
    public void Read<T>(string name, Hdf5Type type, Span<T> values) where T : unmanaged
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle dataset = OpenDataset(name);
        CheckSize(dataset, values.Length * (long)sizeof(T), name);
        fixed (T* first = values)
        {
            int result = H5D.read(dataset.Id, TypeId(type), H5S.ALL, H5S.ALL, H5P.DEFAULT, first);
            Check(result, $"read dataset '{name}'", path);
        }
    }

    public void SetAttribute(string name, ulong value)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle space = Hdf5Handle.Take(H5S.create(H5S.SCALAR), H5S.close, "create a data space", path);
        WriteAttribute(name, H5T.STD_U64LE, space, &value);
    }

    public void SetAttribute(string name, ReadOnlySpan<ulong> values)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle space = Space([values.Length]);
        fixed (ulong* first = values)
        {
            ulong none = 0;
            WriteAttribute(name, H5T.STD_U64LE, space, first == null ? &none : first);
        }
    }

    /// <summary>A string of fixed length, UTF-8, padded with NUL.</summary>
    public void SetAttribute(string name, string value)
    {
        // HDF5 has no strings of length 0.
        byte[] bytes = value.Length == 0 ? [0] : Encoding.UTF8.GetBytes(value);
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle type = StringType(bytes.Length);
        using Hdf5Handle space = Hdf5Handle.Take(H5S.create(H5S.SCALAR), H5S.close, "create a data space", path);
        fixed (byte* first = bytes)
        {
            WriteAttribute(name, type.Id, space, first);
        }
    }

    public ulong GetUInt64Attribute(string name)
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle attribute = OpenAttribute(name);
        using Hdf5Handle space =
            Hdf5Handle.Take(H5A.get_space(attribute.Id), H5S.close, $"ask the extent of '{name}'", path);
        if (H5S.get_simple_extent_npoints(space.Id) != 1)
        {
            throw new Hdf5Exception($"attribute '{name}' in '{path}' is no single number");
        }

        ulong value = 0;
        Check(H5A.read(attribute.Id, H5T.STD_U64LE, &value), $"read attribute '{name}'", path);
        return value;
    }

    public string GetStringAttribute(string name)
    {
        const int LengthMax = 64 * 1024;
        using Hdf5Library.Section section = Hdf5Library.Enter();
        using Hdf5Handle attribute = OpenAttribute(name);
        using Hdf5Handle stored =
            Hdf5Handle.Take(H5A.get_type(attribute.Id), H5T.close, $"ask the type of '{name}'", path);
        int length = (int)Math.Min(H5T.get_size(stored.Id), LengthMax);
        using Hdf5Handle type = StringType(length);
        var bytes = new byte[length];
        fixed (byte* first = bytes)
        {
            Check(H5A.read(attribute.Id, type.Id, first), $"read attribute '{name}'", path);
        }

        return Encoding.UTF8.GetString(bytes).TrimEnd('\0');
    }

    /// <summary>Writes what HDF5 still holds and closes. Errors show here, and not in <see cref="Dispose"/>.</summary>
    public void Close()
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        file.CloseChecked("close the file", path);
    }

    public void Dispose() => file.Dispose();

    private static Hdf5Handle List(long kind, string path) =>
        Hdf5Handle.Take(H5P.create(kind), H5P.close, "create a property list", path);

    private static void Check(long result, string what, string path) => Hdf5Library.Check(result, what, path);

    private static long TypeId(Hdf5Type type) => type switch
    {
        Hdf5Type.UInt8 => H5T.STD_U8LE,
        Hdf5Type.UInt32 => H5T.STD_U32LE,
        _ => H5T.STD_U64LE,
    };

    private static long? Offset(Hdf5Handle dataset)
    {
        ulong offset = H5D.get_offset(dataset.Id);
        return offset == ulong.MaxValue ? null : (long)offset;
    }

    private Hdf5Handle Space(ReadOnlySpan<long> dimensions)
    {
        fixed (long* first = dimensions)
        {
            long id = H5S.create_simple(dimensions.Length, (ulong*)first, null);
            return Hdf5Handle.Take(id, H5S.close, "create a data space", path);
        }
    }

    private Hdf5Handle StringType(int length)
    {
        Hdf5Handle type = Hdf5Handle.Take(H5T.copy(H5T.C_S1), H5T.close, "create a string type", path);
        Check(H5T.set_size(type.Id, (nuint)length), "set a string's length", path);
        Check(H5T.set_cset(type.Id, H5T.CSET_UTF8), "set a string's encoding", path);
        Check(H5T.set_strpad(type.Id, H5T.STR_NULLPAD), "set a string's padding", path);
        return type;
    }

    private Hdf5Handle OpenDataset(string name) => Hdf5Handle.Take(
        H5D.open(file.Id, name, H5P.DEFAULT), H5D.close, $"open dataset '{name}'", path);

    private Hdf5Handle OpenAttribute(string name) => Hdf5Handle.Take(
        H5A.open(file.Id, name, H5P.DEFAULT), H5A.close, $"open attribute '{name}'", path);

    private void WriteAttribute(string name, long type, Hdf5Handle space, void* value)
    {
        long id = H5A.create(file.Id, name, type, space.Id, H5P.DEFAULT, H5P.DEFAULT);
        using Hdf5Handle attribute = Hdf5Handle.Take(id, H5A.close, $"create attribute '{name}'", path);
        Check(H5A.write(attribute.Id, type, value), $"write attribute '{name}'", path);
    }

    private void CheckSize(Hdf5Handle dataset, long bytes, string name)
    {
        ulong stored = H5D.get_storage_size(dataset.Id);
        if (stored != (ulong)bytes)
        {
            throw new Hdf5Exception($"dataset '{name}' in '{path}' has {stored} bytes, not {bytes}");
        }
    }
}

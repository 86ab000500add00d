using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Datasets.</summary>
internal static unsafe partial class H5D
{
    internal const int CONTIGUOUS = 1;
    internal const int CHUNKED = 2;
    internal const int ALLOC_TIME_EARLY = 1;
    internal const int FILL_TIME_NEVER = 1;

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dcreate2", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long create(
        long loc_id, string name, long dtype_id, long space_id, long lcpl_id, long dcpl_id, long dapl_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dopen2", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long open(long file_id, string name, long dapl_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dget_offset")]
    internal static partial ulong get_offset(long dset_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dget_space")]
    internal static partial long get_space(long dset_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dget_type")]
    internal static partial long get_type(long dset_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dget_storage_size")]
    internal static partial ulong get_storage_size(long dset_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dwrite")]
    internal static partial int write(
        long dset_id, long mem_type_id, long mem_space_id, long file_space_id, long plist_id, void* buf);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dread")]
    internal static partial int read(
        long dset_id, long mem_type_id, long mem_space_id, long file_space_id, long plist_id, void* buf);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dwrite_chunk")]
    internal static partial int write_chunk(
        long dset_id, long dxpl_id, uint filters, ulong* offset, nuint data_size, void* buf);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dget_chunk_info_by_coord")]
    internal static partial int get_chunk_info_by_coord(
        long dset_id, ulong* offset, uint* filter_mask, ulong* addr, ulong* size);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Dclose")]
    internal static partial int close(long dset_id);
}

using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Attributes.</summary>
internal static unsafe partial class H5A
{
    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Acreate2", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long create(
        long loc_id, string attr_name, long type_id, long space_id, long acpl_id, long aapl_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Aopen", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long open(long obj_id, string attr_name, long aapl_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Aget_space")]
    internal static partial long get_space(long attr_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Aget_type")]
    internal static partial long get_type(long attr_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Awrite")]
    internal static partial int write(long attr_id, long mem_type_id, void* buf);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Aread")]
    internal static partial int read(long attr_id, long mem_type_id, void* buf);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Aclose")]
    internal static partial int close(long attr_id);
}

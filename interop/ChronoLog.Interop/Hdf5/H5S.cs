using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Data spaces.</summary>
internal static unsafe partial class H5S
{
    internal const long ALL = 0;
    internal const int SCALAR = 0;

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Screate")]
    internal static partial long create(int type);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Screate_simple")]
    internal static partial long create_simple(int rank, ulong* dims, ulong* maxdims);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Sget_simple_extent_npoints")]
    internal static partial long get_simple_extent_npoints(long space_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Sclose")]
    internal static partial int close(long space_id);
}

using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Property lists.</summary>
internal static partial class H5P
{
    internal const long DEFAULT = 0;

    internal static long FILE_CREATE => Hdf5Library.Identifier("H5P_CLS_FILE_CREATE_ID_g");

    internal static long FILE_ACCESS => Hdf5Library.Identifier("H5P_CLS_FILE_ACCESS_ID_g");

    internal static long DATASET_CREATE => Hdf5Library.Identifier("H5P_CLS_DATASET_CREATE_ID_g");

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pcreate")]
    internal static partial long create(long cls_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_userblock")]
    internal static partial int set_userblock(long plist, ulong size);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_alignment")]
    internal static partial int set_alignment(long plist, ulong threshold, ulong alignment);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_libver_bounds")]
    internal static partial int set_libver_bounds(long plist, int low, int high);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_layout")]
    internal static partial int set_layout(long plist, int layout);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_alloc_time")]
    internal static partial int set_alloc_time(long plist, int alloc_time);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_fill_time")]
    internal static partial int set_fill_time(long plist, int fill_time);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_chunk")]
    internal static unsafe partial int set_chunk(long plist, int ndims, ulong* dims);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_shuffle")]
    internal static partial int set_shuffle(long plist);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_deflate")]
    internal static partial int set_deflate(long plist, uint level);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pset_fletcher32")]
    internal static partial int set_fletcher32(long plist);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Pclose")]
    internal static partial int close(long plist);
}

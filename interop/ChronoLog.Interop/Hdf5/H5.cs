using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>
/// Library functions. Signatures one to one, named as in HDF.PInvoke.1.10: hid_t long, hsize_t ulong.
/// </summary>
internal static unsafe partial class H5
{
    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5open")]
    internal static partial int open();

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5dont_atexit")]
    internal static partial int dont_atexit();

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5get_libversion")]
    internal static partial int get_libversion(out uint major, out uint minor, out uint release);

    // hbool_t has one byte or four, depending on the version: the caller passes four zeroed bytes.
    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5is_library_threadsafe")]
    internal static partial int is_library_threadsafe(uint* isThreadSafe);
}

using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Groups.</summary>
internal static partial class H5G
{
    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Gcreate2", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long create(long loc_id, string name, long lcpl_id, long gcpl_id, long gapl_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Gclose")]
    internal static partial int close(long group_id);
}

using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Files.</summary>
internal static partial class H5F
{
    internal const uint ACC_RDONLY = 0;
    internal const uint ACC_TRUNC = 2;
    internal const int LIBVER_V110 = 2;

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Fcreate", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long create(string filename, uint flags, long create_plist, long access_plist);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Fopen", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long open(string filename, uint flags, long plist);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Fclose")]
    internal static partial int close(long file_id);
}

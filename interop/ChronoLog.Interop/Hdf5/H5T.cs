using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Data types. The predefined ones are variables of the library, valid after H5open.</summary>
internal static partial class H5T
{
    internal const int CSET_UTF8 = 1;
    internal const int STR_NULLPAD = 1;

    internal static long C_S1 => Hdf5Library.Identifier("H5T_C_S1_g");

    internal static long STD_U8LE => Hdf5Library.Identifier("H5T_STD_U8LE_g");

    internal static long STD_U32LE => Hdf5Library.Identifier("H5T_STD_U32LE_g");

    internal static long STD_U64LE => Hdf5Library.Identifier("H5T_STD_U64LE_g");

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Tcopy")]
    internal static partial long copy(long type_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Tget_size")]
    internal static partial nuint get_size(long type_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Tset_size")]
    internal static partial int set_size(long type_id, nuint size);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Tset_cset")]
    internal static partial int set_cset(long type_id, int cset);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Tset_strpad")]
    internal static partial int set_strpad(long type_id, int strpad);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Tequal")]
    internal static partial int equal(long type1_id, long type2_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Tclose")]
    internal static partial int close(long type_id);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>Error stacks. In a thread-safe library each thread has its own.</summary>
internal static unsafe partial class H5E
{
    internal const long DEFAULT = 0;
    private const int WALK_DOWNWARD = 1;

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Eset_auto2")]
    internal static partial int set_auto(long estack_id, nint func, nint client_data);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Eclear2")]
    internal static partial int clear(long estack_id);

    [LibraryImport(NativeLibraries.Hdf5, EntryPoint = "H5Ewalk2")]
    private static partial int walk(
        long estack_id, int direction, delegate* unmanaged[Cdecl]<uint, H5E_error2_t*, void*, int> func,
        void* client_data);

    /// <summary>
    /// The descriptions on this thread's stack, from the API call down to the cause; clears the stack.
    /// </summary>
    internal static string TakeMessages()
    {
        var lines = new List<string>();
        GCHandle handle = GCHandle.Alloc(lines);
        try
        {
            _ = walk(DEFAULT, WALK_DOWNWARD, &Visit, (void*)GCHandle.ToIntPtr(handle));
        }
        finally
        {
            handle.Free();
        }

        _ = clear(DEFAULT);
        return lines.Count == 0 ? "no message" : string.Join("; ", lines);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Visit(uint n, H5E_error2_t* error, void* data)
    {
        if (GCHandle.FromIntPtr((nint)data).Target is List<string> lines && error->desc != null)
        {
            string? function = Marshal.PtrToStringUTF8((nint)error->func_name);
            lines.Add($"{function}: {Marshal.PtrToStringUTF8((nint)error->desc)}");
        }

        return 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct H5E_error2_t
    {
        internal long cls_id;
        internal long maj_num;
        internal long min_num;
        internal uint line;
        internal byte* func_name;
        internal byte* file_name;
        internal byte* desc;
    }
}

using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Fabric;

/// <summary>The library itself. It is loaded at the first use of anything in this room.</summary>
public static unsafe class LibFabric
{
    /// <summary>Null if libfabric is there, else why it cannot be loaded.</summary>
    public static string? LoadFailure => Marshal.PtrToStringUTF8((nint)FabricNative.Load());

    /// <summary>Of the loaded library.</summary>
    public static Version Version
    {
        get
        {
            uint version = FabricNative.Version();
            return new Version((int)(version >> 16), (int)(version & 0xffff));
        }
    }

    /// <summary>Text of an fi_errno of either sign.</summary>
    public static string Describe(int error) =>
        Marshal.PtrToStringUTF8((nint)FabricNative.Strerror(Math.Abs(error))) ?? "unknown error";
}

using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Fabric;

/// <summary>struct chrono_fabric_error.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FabricErrorEntry
{
    internal const int TextBytes = 128;

    internal nint Context;
    internal int Error;
    internal int ProviderError;
    internal fixed byte Text[TextBytes];
}

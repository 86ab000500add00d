using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Fabric;

/// <summary>struct chrono_fabric_attributes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FabricDescription
{
    internal byte* Provider;
    internal byte* Fabric;
    internal byte* Domain;
    internal ulong MessageBytesMax;
    internal ulong TransmitEntries;
    internal uint RegionMode;
    internal uint KeyBytes;
    internal uint ProviderVersion;
}

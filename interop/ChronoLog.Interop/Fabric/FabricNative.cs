using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Fabric;

/// <summary>Raw signatures of native/include/chrono_fabric.h, one to one.</summary>
internal static unsafe partial class FabricNative
{
    internal const int WaitNone = 0;
    internal const int WaitUnspecified = 1;

    private const string Library = NativeLibraries.Chrono;

    [LibraryImport(Library, EntryPoint = "chrono_fabric_load")]
    internal static partial byte* Load();

    [LibraryImport(Library, EntryPoint = "chrono_fabric_version")]
    internal static partial uint Version();

    [LibraryImport(Library, EntryPoint = "chrono_fabric_strerror")]
    internal static partial byte* Strerror(int error);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_getinfo", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int GetInfo(string provider, string source, ulong entries, out nint info);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_freeinfo")]
    internal static partial void FreeInfo(nint info);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_describe")]
    internal static partial void Describe(nint info, FabricDescription* description);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_address_bytes")]
    internal static partial ulong AddressBytes(nint info);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_fabric")]
    internal static partial int OpenFabric(nint info, out nint fabric);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_domain")]
    internal static partial int OpenDomain(nint fabric, nint info, out nint domain);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_av_open")]
    internal static partial int OpenAddressVector(nint domain, ulong count, out nint addresses);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_cq_open")]
    internal static partial int OpenCompletionQueue(nint domain, ulong entries, int wait, out nint queue);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_endpoint")]
    internal static partial int OpenEndpoint(nint domain, nint info, out nint endpoint);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_ep_bind_av")]
    internal static partial int BindAddressVector(nint endpoint, nint addresses);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_ep_bind_cq")]
    internal static partial int BindCompletionQueue(nint endpoint, nint queue);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_enable")]
    internal static partial int Enable(nint endpoint);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_getname")]
    internal static partial int GetName(nint endpoint, byte* address, nuint* length);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_close")]
    internal static partial int Close(nint fid);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_av_insert")]
    internal static partial int InsertAddress(nint addresses, byte* address, ulong* peer);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_av_remove")]
    internal static partial int RemoveAddress(nint addresses, ulong peer);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_mr_reg")]
    internal static partial int Register(
        nint domain, nint endpoint, nint start, nuint length, ulong access, ulong requestedKey, out nint region);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_mr_key")]
    internal static partial ulong RegionKey(nint region);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_mr_desc")]
    internal static partial nint RegionDescriptor(nint region);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_read")]
    internal static partial long Read(
        nint endpoint, nint target, nuint length, nint descriptor, ulong peer, ulong remoteAddress, ulong key,
        nint context);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_cq_read")]
    internal static partial long ReadQueue(nint queue, nint* contexts, nuint count);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_cq_sread")]
    internal static partial long WaitQueue(nint queue, nint* contexts, nuint count, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_cq_readerr")]
    internal static partial long ReadError(nint queue, FabricErrorEntry* error);

    [LibraryImport(Library, EntryPoint = "chrono_fabric_cq_signal")]
    internal static partial int Signal(nint queue);
}

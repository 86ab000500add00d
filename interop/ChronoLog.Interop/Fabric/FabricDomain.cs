using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Fabric;

/// <summary>
/// One provider at one local address: what endpoints are opened on and memory is registered with. Thread-safe
/// (FI_THREAD_SAFE).
/// </summary>
public sealed unsafe class FabricDomain : IDisposable
{
    private const uint ModeLocal = 1 << 2;
    private const uint ModeVirtualAddress = 1 << 4;
    private const uint ModeProviderKey = 1 << 6;
    private const uint ModeEndpoint = 1 << 9;

    private readonly FabricInfoHandle info;
    private readonly FabricObjectHandle fabric;
    private readonly FabricObjectHandle domain;
    private readonly uint regionMode;

    private FabricDomain(FabricInfoHandle info, FabricObjectHandle fabric, FabricObjectHandle domain)
    {
        this.info = info;
        this.fabric = fabric;
        this.domain = domain;
        FabricDescription description;
        FabricNative.Describe(info.DangerousGetHandle(), &description);
        regionMode = description.RegionMode;
        Provider = Marshal.PtrToStringUTF8((nint)description.Provider) ?? "";
        Name = Marshal.PtrToStringUTF8((nint)description.Domain) ?? "";
        Network = Marshal.PtrToStringUTF8((nint)description.Fabric) ?? "";
        TransmitEntries = (int)Math.Min(description.TransmitEntries, int.MaxValue);
        AddressBytes = (int)FabricNative.AddressBytes(info.DangerousGetHandle());
    }

    /// <summary>As libfabric calls it: "tcp;ofi_rxm".</summary>
    public string Provider { get; }

    /// <summary>The domain's name: a network interface.</summary>
    public string Name { get; }

    /// <summary>The fabric's name: for tcp the network, "127.0.0.0/8".</summary>
    public string Network { get; }

    /// <summary>Operations that may be in flight on one endpoint.</summary>
    public int TransmitEntries { get; }

    /// <summary>Size of an endpoint's address; 0 if it is a zero-terminated string.</summary>
    public int AddressBytes { get; }

    /// <summary>Local buffers of operations must be registered.</summary>
    public bool RequiresLocalRegistration => (regionMode & ModeLocal) != 0;

    /// <summary>
    /// Remote addresses are the owner's virtual addresses; else they count from the start of the region.
    /// </summary>
    public bool UsesVirtualAddresses => (regionMode & ModeVirtualAddress) != 0;

    /// <summary>The provider chooses the keys of regions; else the caller does.</summary>
    public bool ChoosesKeys => (regionMode & ModeProviderKey) != 0;

    /// <summary>Regions belong to one endpoint.</summary>
    public bool BindsRegionsToEndpoint => (regionMode & ModeEndpoint) != 0;

    internal FabricObjectHandle Handle => domain;

    internal FabricInfoHandle Info => info;

    /// <summary>Opens a provider.</summary>
    /// <param name="provider">As libfabric calls it.</param>
    /// <param name="source">Local IP address; for shm the name of the endpoint, unique on the machine.</param>
    /// <param name="entries">Operations that an endpoint must be able to hold in flight.</param>
    /// <exception cref="FabricException">
    /// <see cref="FabricError.NoData"/>: no such provider for the address.
    /// </exception>
    public static FabricDomain Open(string provider, string source, int entries)
    {
        FabricException.Check(
            FabricNative.GetInfo(provider, source, (ulong)entries, out nint rawInfo),
            $"fi_getinfo({provider}, {source})");
        var info = new FabricInfoHandle(rawInfo);
        FabricObjectHandle? fabric = null;
        try
        {
            FabricException.Check(FabricNative.OpenFabric(rawInfo, out nint rawFabric), $"fi_fabric({provider})");
            fabric = new FabricObjectHandle(rawFabric, info);
            FabricException.Check(
                FabricNative.OpenDomain(rawFabric, rawInfo, out nint rawDomain), $"fi_domain({provider}, {source})");
            return new FabricDomain(info, fabric, new FabricObjectHandle(rawDomain, fabric, info));
        }
        catch
        {
            fabric?.Dispose();
            info.Dispose();
            throw;
        }
    }

    /// <summary>Opens an endpoint that is ready to transfer.</summary>
    /// <param name="queueEntries">Completions that may wait to be read.</param>
    /// <param name="peers">Expected number of peers.</param>
    /// <param name="waitable">
    /// Whether <see cref="FabricEndpoint.WaitCompletions"/> will be used; shm has no wait object.
    /// </param>
    public FabricEndpoint OpenEndpoint(int queueEntries, int peers, bool waitable) =>
        FabricEndpoint.Open(this, queueEntries, peers, waitable);

    /// <summary>Registers memory, which must stay in place until the region is disposed.</summary>
    /// <param name="start">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="access">What may be done with it.</param>
    /// <param name="requestedKey">Ignored if <see cref="ChoosesKeys"/>.</param>
    /// <param name="endpoint">Whose operations use it; needed if <see cref="BindsRegionsToEndpoint"/>.</param>
    /// <exception cref="FabricException"><see cref="FabricError.NoKey"/>: the key is in use.</exception>
    public MemoryRegion Register(
        nint start, long length, MemoryAccess access, ulong requestedKey, FabricEndpoint? endpoint = null)
    {
        FabricEndpoint? bound = BindsRegionsToEndpoint ? endpoint : null;
        int result = FabricNative.Register(
            domain.Raw, bound?.Handle.Raw ?? 0, start, (nuint)length, (ulong)access, requestedKey, out nint region);
        FabricException.Check(result, $"fi_mr_reg({Provider}, {length} bytes)");
        return new MemoryRegion(
            bound is null
                ? new FabricObjectHandle(region, domain)
                : new FabricObjectHandle(region, domain, bound.Handle));
    }

    public void Dispose()
    {
        domain.Dispose();
        fabric.Dispose();
        info.Dispose();
    }
}

namespace ChronoLog.Interop.Fabric;

/// <summary>
/// Registered memory. Disposing it withdraws the registration, not the memory. Disposing twice does nothing.
/// </summary>
public sealed class MemoryRegion : IDisposable
{
    private readonly FabricObjectHandle region;

    internal MemoryRegion(FabricObjectHandle region)
    {
        this.region = region;
        Key = FabricNative.RegionKey(region.Raw);
        Descriptor = FabricNative.RegionDescriptor(region.Raw);
    }

    /// <summary>What a peer names the region by.</summary>
    public ulong Key { get; }

    /// <summary>What local operations name it by.</summary>
    public nint Descriptor { get; }

    public void Dispose() => region.Dispose();
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Transport.Bulk;

/// <summary>The data plane of a process over libfabric.</summary>
public sealed class FabricBulkEndpoint : IBulkEndpoint
{
    private FabricBulkEndpoint()
    {
    }

    public string Provider => throw new NotImplementedException();

    public long BytesRented => throw new NotImplementedException();

    public long BytesBudget => throw new NotImplementedException();

    public int SlabBytesMax => throw new NotImplementedException();

    public BulkStatistics Statistics => throw new NotImplementedException();

    /// <summary>Opens the endpoint and starts its owner thread.</summary>
    /// <param name="options">Provider, address, budget.</param>
    /// <param name="notice">Receives one line per notable event, for example which provider "auto" took.</param>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.InvalidArgument"/>: an option is out of range or names a provider that is unknown;
    /// <see cref="Status.NotSupported"/>: libfabric has no such provider for the address. Both name what is available.
    /// </exception>
    public static FabricBulkEndpoint Open(FabricOptions options, Action<string>? notice = null) =>
        throw new NotImplementedException();

    public Slab? TryRent(int length) => throw new NotImplementedException();

    public ValueTask<Slab> RentAsync(int length, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    public IExposure Expose(Slab slab, int length, uint crc32c) => throw new NotImplementedException();

    public ValueTask PullAsync(BulkDescriptor remote, Slab destination, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

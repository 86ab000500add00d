using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// The data plane of a process over libfabric: a pool of slabs, a serving and a pulling endpoint with a thread each.
/// Idle, both threads sleep.
/// </summary>
public sealed class FabricBulkEndpoint : IBulkEndpoint
{
    private readonly OpenFabric fabric;
    private readonly SlabPool pool;
    private readonly ServeLane serve;
    private readonly PullLane pull;
    private readonly BulkCounters counters;
    private int disposed;

    private FabricBulkEndpoint(
        OpenFabric fabric, SlabPool pool, ServeLane serve, PullLane pull, BulkCounters counters)
    {
        this.fabric = fabric;
        this.pool = pool;
        this.serve = serve;
        this.pull = pull;
        this.counters = counters;
    }

    public string Provider => fabric.Domain.Provider;

    public long BytesRented => pool.BytesRented;

    public long BytesBudget => pool.BudgetBytes;

    public int SlabBytesMax => pool.LargestSlabBytes;

    internal ServeLane Serve => serve;

    internal SlabPool Pool => pool;

    /// <summary>A snapshot of the counters; each is exact, together they may be a moment apart.</summary>
    public BulkStatistics Statistics => new(
        Interlocked.Read(ref counters.ReadsPosted),
        Interlocked.Read(ref counters.ReadsCompleted),
        Interlocked.Read(ref counters.ReadsFailed),
        Interlocked.Read(ref counters.BytesRead),
        Interlocked.Read(ref counters.Pulls),
        Interlocked.Read(ref counters.PullsFailed),
        serve.Exposures,
        pool.BytesRented,
        Interlocked.Read(ref counters.BytesQuarantined));

    /// <summary>Opens the endpoint and starts its threads.</summary>
    /// <param name="options">Provider, address, budget.</param>
    /// <param name="notice">
    /// Receives one line per notable event, for example which provider "auto" took; from any thread.
    /// </param>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.InvalidArgument"/>: an option is out of range or names a provider that is unknown;
    /// <see cref="Status.NotSupported"/>: libfabric has no such provider for the address. Both name what is available.
    /// </exception>
    public static FabricBulkEndpoint Open(FabricOptions options, Action<string>? notice = null)
    {
        notice ??= static _ => { };
        OpenFabric fabric = FabricProviders.Open(options, notice);
        FabricDomain domain = fabric.Domain;
        PullLane? pull = null;
        try
        {
            if (fabric.Bell is not null)
            {
                ShmName.RemoveStaleFiles(notice);
            }

            var counters = new BulkCounters();
            pull = new PullLane(domain, options, counters, notice);
            FabricEndpoint puller = pull.Endpoint;
            var pool = new SlabPool(options.BudgetBytes, options.LargestSlabBytes, (start, size) =>
                domain.RequiresLocalRegistration
                    ? RandomKey.Register(domain, start, size, MemoryAccess.Read, puller)
                    : null);
            var serve = new ServeLane(fabric, pool, notice);
            pull.Start();
            return new FabricBulkEndpoint(fabric, pool, serve, pull, counters);
        }
        catch
        {
            pull?.Discard();
            fabric.Dispose();
            throw;
        }
    }

    public Slab? TryRent(int length) => pool.TryRent(length);

    public ValueTask<Slab> RentAsync(int length, CancellationToken cancellation = default) =>
        pool.RentAsync(length, cancellation);

    public IExposure Expose(Slab slab, int length, uint crc32c)
    {
        FabricSlab own = Own(slab);
        if (length <= 0 || length > own.Length)
        {
            throw new ChronoLogException(
                Status.InvalidArgument, $"{length} bytes of a slab of {own.Length} bytes cannot be exposed");
        }

        own.AddReference();
        try
        {
            return serve.Expose(own, (uint)length, crc32c);
        }
        catch (FabricException exception)
        {
            own.Release();
            throw new ChronoLogException(
                Status.NoSpace, $"registering {length} bytes for remote reads failed: {exception.Message}", exception);
        }
        catch
        {
            own.Release();
            throw;
        }
    }

    public async ValueTask PullAsync(
        BulkDescriptor remote, Slab destination, CancellationToken cancellation = default, Action? arrived = null)
    {
        FabricSlab own = Own(destination);
        FabricAddress source = Check(remote, own);
        cancellation.ThrowIfCancellationRequested();
        own.AddReference(); // this method's, for the checksum
        try
        {
            own.AddReference(); // the lane's, until nothing writes into the slab any more
            var request = new BulkPull(source, remote, own) { Cancellation = cancellation };
            pull.Submit(request);
            await using (cancellation.UnsafeRegister(_ => Cancel(request), null))
            {
                await request.Task.ConfigureAwait(false);
            }

            arrived?.Invoke();
            Verify(remote, own, source);
        }
        finally
        {
            own.Release();
        }
    }

    /// <summary>
    /// Fails what is under way, and closes all exposures. Slabs that are still rented stay valid; the memory goes with the
    /// last of them.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            pull.Dispose();
            serve.Dispose();
            pool.Dispose();
            fabric.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private void Cancel(BulkPull request)
    {
        request.RequestCancel();
        pull.Wake();
    }

    private FabricSlab Own(Slab slab) => slab is FabricSlab own && own.Pool == pool
        ? own
        : throw new ChronoLogException(Status.InvalidArgument, "the slab was rented from another endpoint");

    private FabricAddress Check(BulkDescriptor remote, FabricSlab destination)
    {
        if (remote.Provider != Provider)
        {
            throw Invalid($"it belongs to provider '{Clip(remote.Provider)}', this process uses '{Provider}': " +
                "set the same fabric provider on both sides");
        }

        if (remote.Length == 0 || remote.Length > destination.Length)
        {
            throw Invalid($"its {remote.Length} bytes do not fit the slab of {destination.Length} bytes");
        }

        if (remote.RemoteAddress >= ExposureTable.Entries || remote.Key == 0)
        {
            throw Invalid("it names no entry of an exposure table");
        }

        if (!FabricAddress.TryParse(remote.FabricAddress.Span, fabric.Domain, out FabricAddress source))
        {
            throw Invalid($"its fabric address of {remote.FabricAddress.Length} bytes is not one of this provider's");
        }

        return source;
    }

    private static void Verify(BulkDescriptor remote, FabricSlab destination, FabricAddress source)
    {
        uint crc = Crc32C.Compute(destination.Span[..(int)remote.Length]);
        if (crc != remote.Crc32C)
        {
            throw new ChronoLogException(
                Status.Corrupt,
                $"{remote.Length} bytes read from {FabricAddress.Describe(source.Endpoint)} have CRC32C {crc:x8}, " +
                $"announced was {remote.Crc32C:x8}: read them again");
        }
    }

    private static ChronoLogException Invalid(string reason) =>
        new(Status.InvalidArgument, $"a bulk descriptor was refused: {reason}");

    private static string Clip(string text) => text.Length <= 40 ? text : text[..40] + "...";
}

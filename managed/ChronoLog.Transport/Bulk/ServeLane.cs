using System.Diagnostics;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;
using Google.Protobuf;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// The serving half of an endpoint: what peers read from, and the thread that helps their reads along (over tcp and shm the
/// target of an RMA read must make progress too).
/// </summary>
/// <remarks>
/// Where libfabric lets the keys be chosen they are random, and a region is registered only while it is exposed. shm is
/// different, because a read of a key that has gone blocks this endpoint for good: there one region covers all slabs for
/// as long as the endpoint lives, and it is the exposure table that opens and closes. (Whoever may open this endpoint's
/// file in /dev/shm runs as the same user, and could read the process's memory in any case.)
/// </remarks>
internal sealed partial class ServeLane : IDisposable
{
    private const int PeersExpected = 64;
    private const int QueueEntries = 64;
    private const int IdleMilliseconds = 100;

    // After a ring the peer's next read follows within microseconds if at all, and it rings again each millisecond while
    // one is in flight.
    private static readonly TimeSpan AttentionAfterRing = TimeSpan.FromMilliseconds(1.5);
    private static readonly TimeSpan SpinAfterRing = TimeSpan.FromMilliseconds(0.2);

    private readonly FabricDomain domain;
    private readonly FabricEndpoint endpoint;
    private readonly ExposureTable table;
    private readonly MemoryRegion? allSlabs;
    private readonly ShmDoorbell? bell;
    private readonly ByteString address;
    private readonly Action<string> notice;
    private readonly Thread thread;
    private volatile bool stopping;

    /// <param name="fabric">Stays the caller's to close, after the lane.</param>
    /// <param name="pool">Whose slabs are exposed.</param>
    /// <param name="notice">Told of what no caller can be told of.</param>
    internal ServeLane(OpenFabric fabric, SlabPool pool, Action<string> notice)
    {
        domain = fabric.Domain;
        endpoint = fabric.Serve;
        bell = fabric.Bell;
        this.notice = notice;
        table = new ExposureTable(domain, endpoint);
        if (bell is not null)
        {
            allSlabs = RandomKey.Register(domain, pool.Start, pool.ReservedBytes, MemoryAccess.RemoteRead, endpoint);
        }

        address = ByteString.CopyFrom(new FabricAddress(table.Key, table.Base, endpoint.Address).Encode());
        thread = new Thread(Run) { Name = "bulk serve", IsBackground = true };
        thread.Start();
    }

    /// <summary>Regions open now.</summary>
    internal int Exposures => table.Count;

    internal static FabricEndpoint OpenEndpoint(FabricDomain domain) =>
        domain.OpenEndpoint(QueueEntries, PeersExpected, waitable: domain.AddressBytes != 0);

    /// <summary>Opens a region; takes over one reference on the slab.</summary>
    internal Exposure Expose(FabricSlab slab, uint length, uint crc32c)
    {
        MemoryRegion? region = allSlabs is null
            ? RandomKey.Register(domain, slab.Address, length, MemoryAccess.RemoteRead, endpoint)
            : null;
        ulong remoteAddress = allSlabs is not null ? (ulong)slab.Region.Offset
            : domain.UsesVirtualAddresses ? (ulong)slab.Address : 0;
        ulong key = RandomKey.Next();
        int index;
        try
        {
            index = table.Open(key, (region ?? allSlabs)!.Key, remoteAddress, length);
        }
        catch
        {
            region?.Dispose();
            throw;
        }

        var descriptor = new BulkDescriptor
        {
            FabricAddress = address,
            Provider = domain.Provider,
            RemoteAddress = (ulong)index,
            Key = key,
            Length = length,
            Crc32C = crc32c,
        };
        return new Exposure(table, index, region, slab, descriptor);
    }

    /// <summary>Ends the thread and closes all regions; what a peer reads then fails.</summary>
    public void Dispose()
    {
        stopping = true;
        if (bell is not null)
        {
            bell.RingSelf();
        }
        else
        {
            endpoint.Signal();
        }

        thread.Join();
        allSlabs?.Dispose();
        table.Dispose();
    }

    private void Run()
    {
        nint[] unexpected = new nint[1];
        while (!stopping)
        {
            HoldHere();
            int result = bell is null ? endpoint.WaitCompletions(unexpected, IdleMilliseconds) : Attend(bell, unexpected);
            if (result == FabricError.ErrorAvailable)
            {
                Report();
            }
            else if (result < 0 &&
                result is not (FabricError.TryAgain or FabricError.Cancelled or FabricError.Interrupted))
            {
                // Not seen so far; without a pause it would be a busy loop.
                notice($"bulk: serving over {domain.Provider}: {LibFabric.Describe(result)}");
                Thread.Sleep(IdleMilliseconds);
            }
        }
    }

    // Sleeps until the bell rings, then polls for a while: quickly at first, then with short sleeps.
    private int Attend(ShmDoorbell doorbell, nint[] unexpected)
    {
        const int SleepMicroseconds = 20;
        bool rang = doorbell.Wait(TimeSpan.FromMilliseconds(IdleMilliseconds));
        int result = endpoint.ReadCompletions(unexpected);
        long since = Stopwatch.GetTimestamp();
        while (rang && !stopping && result == FabricError.TryAgain)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(since);
            if (doorbell.Drain())
            {
                since = Stopwatch.GetTimestamp();
            }
            else if (elapsed > AttentionAfterRing)
            {
                break;
            }
            else if (elapsed > SpinAfterRing)
            {
                ShortSleep.Microseconds(SleepMicroseconds);
            }
            else
            {
                Thread.Yield();
            }

            result = endpoint.ReadCompletions(unexpected);
        }

        return result;
    }

    /// <summary>Where a test can stop the thread.</summary>
    partial void HoldHere();

    private void Report()
    {
        if (endpoint.ReadError() is { } error)
        {
            notice($"bulk: a peer's read over {domain.Provider} failed here: {error.Text}");
        }
    }
}

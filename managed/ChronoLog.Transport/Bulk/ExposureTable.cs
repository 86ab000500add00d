using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;
using ChronoLog.Interop.Memory;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// The open regions of an endpoint, readable by RMA. A puller looks here before it reads, because an RMA read with a key
/// that is no longer registered costs more than an error: tcp breaks the connection with all reads in flight on it, and shm
/// 1.17 blocks the owner's endpoint for good. Thread-safe.
/// </summary>
internal sealed unsafe class ExposureTable : IDisposable
{
    /// <summary>Regions open at once: as many as the default budget has smallest slabs. 256 KiB of memory.</summary>
    internal const int Entries = 4096;

    private readonly Lock gate = new();
    private readonly MemoryReservation memory = new(Entries * ExposureEntry.Bytes);
    private readonly MemoryRegion region;
    private readonly ExposureEntry* entries;
    private readonly Stack<int> free = new();
    private int opened;
    private bool closed;

    internal ExposureTable(FabricDomain domain, FabricEndpoint endpoint)
    {
        entries = (ExposureEntry*)memory.Address;
        region = RandomKey.Register(
            domain, memory.Address, memory.Length, MemoryAccess.RemoteRead, endpoint);
        Base = domain.UsesVirtualAddresses ? (ulong)memory.Address : 0;
    }

    internal ulong Key => region.Key;

    /// <summary>Where an RMA read of entry 0 starts.</summary>
    internal ulong Base { get; }

    /// <summary>Regions open now.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
            {
                return opened - free.Count;
            }
        }
    }

    /// <returns>The number of the entry.</returns>
    internal int Open(ulong key, ulong regionKey, ulong remoteAddress, uint length)
    {
        var entry = new ExposureEntry
        {
            Key = key, RegionKey = regionKey, RemoteAddress = remoteAddress, Length = length,
        };
        entry.Check = entry.ComputeCheck();
        lock (gate)
        {
            if (closed)
            {
                throw new ChronoLogException(Status.Cancelled, "the bulk endpoint was closed");
            }

            if (free.Count == 0 && opened == Entries)
            {
                throw new ChronoLogException(
                    Status.LimitExceeded, $"{Entries} regions are exposed already: wait until some were pulled");
            }

            int index = free.TryPop(out int reused) ? reused : opened++;
            entries[index] = entry;
            return index;
        }
    }

    internal void Close(int index)
    {
        lock (gate)
        {
            if (!closed)
            {
                entries[index] = default;
            }

            free.Push(index);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            region.Dispose();
            memory.Dispose();
        }
    }
}

using ChronoLog.Interop.Fabric;
using ChronoLog.Interop.Memory;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// The reads that a lane may have in flight: libfabric's context of each, and room for an exposure entry. Owner: the
/// lane's thread.
/// </summary>
internal sealed unsafe class ReadSlots : IDisposable
{
    /// <summary>32 segments of 1 MiB fill any network here; each provider holds that many.</summary>
    internal const int Count = 32;

    private const int SlotBytes = FabricEndpoint.ContextBytes + ExposureEntry.Bytes;

    private readonly MemoryReservation memory = new(Count * SlotBytes);
    private readonly MemoryRegion? region;
    private readonly nint start;
    private readonly BulkPull?[] pulls = new BulkPull?[Count];
    private readonly int[] bytes = new int[Count];
    private readonly Stack<int> free = new();

    internal ReadSlots(FabricDomain domain, FabricEndpoint endpoint)
    {
        start = memory.Address;
        region = domain.RequiresLocalRegistration
            ? RandomKey.Register(domain, start, memory.Length, MemoryAccess.Read, endpoint)
            : null;
        Reset();
    }

    /// <summary>Of the memory that entries are read into.</summary>
    internal nint Descriptor => region?.Descriptor ?? 0;

    internal int InFlight => Count - free.Count;

    internal bool TryTake(BulkPull pull, int length, out int slot)
    {
        if (!free.TryPop(out slot))
        {
            return false;
        }

        pulls[slot] = pull;
        bytes[slot] = length;
        return true;
    }

    /// <summary>Frees the slot and tells whose it was.</summary>
    internal BulkPull Release(int slot, out int length)
    {
        BulkPull pull = pulls[slot] ??
            throw new InvalidOperationException($"read slot {slot} completed twice");
        length = bytes[slot];
        pulls[slot] = null;
        free.Push(slot);
        return pull;
    }

    internal nint Context(int slot) => start + (slot * SlotBytes);

    /// <summary>Whether it is the context of a read in flight; a provider may report errors that belong to none.</summary>
    internal bool IsContext(nint context) =>
        context >= start && context < start + (Count * SlotBytes) && pulls[FromContext(context)] is not null;

    internal int FromContext(nint context) => (int)((context - start) / SlotBytes);

    internal nint EntryAddress(int slot) => Context(slot) + FabricEndpoint.ContextBytes;

    internal ExposureEntry Entry(int slot) => *(ExposureEntry*)EntryAddress(slot);

    /// <summary>Forgets all reads: the endpoint that they were posted to is closed.</summary>
    internal void Reset()
    {
        free.Clear();
        for (int slot = Count - 1; slot >= 0; slot--)
        {
            pulls[slot] = null;
            free.Push(slot);
        }
    }

    public void Dispose()
    {
        region?.Dispose();
        memory.Dispose();
    }
}

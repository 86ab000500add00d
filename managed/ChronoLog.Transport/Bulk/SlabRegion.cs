using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>The memory of one slab: a place in the pool's reservation, rented or cached.</summary>
internal sealed class SlabRegion(int sizeClass, int index, long offset, int size)
{
    internal int SizeClass { get; } = sizeClass;

    /// <summary>Among the places of its class.</summary>
    internal int Index { get; } = index;

    /// <summary>From the start of the reservation.</summary>
    internal long Offset { get; } = offset;

    internal int Size { get; } = size;

    internal bool Locked { get; set; }

    /// <summary>For local operations; null where the provider needs none.</summary>
    internal MemoryRegion? Local { get; set; }

    /// <summary>Guards against a slab that is given back twice.</summary>
    internal bool Rented { get; set; }
}

using ChronoLog.Core.Ports;

namespace ChronoLog.Transport.Bulk;

/// <summary>A rented slab: as long as was asked for; its region is the next power of two.</summary>
internal sealed unsafe class FabricSlab(SlabPool pool, SlabRegion region, int length) : Slab
{
    public override nint Address { get; } = pool.Start + (nint)region.Offset;

    public override long Length => length;

    public override Span<byte> Span => new((void*)Address, length);

    internal SlabPool Pool => pool;

    internal SlabRegion Region => region;

    protected override void Free() => pool.Return(region);
}

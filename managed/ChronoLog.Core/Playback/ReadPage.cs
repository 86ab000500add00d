using ChronoLog.Core.Ports;

namespace ChronoLog.Core.Playback;

/// <summary>One page of a cursor: filled, then exposed when it is asked for, then withdrawn.</summary>
/// <param name="slab">Holds the image; null for an end without events. The page takes over the reference.</param>
/// <param name="length">Bytes of the image.</param>
/// <param name="crc32c">Of the image.</param>
/// <param name="count">Events in it.</param>
/// <param name="end">Nothing follows.</param>
internal sealed class ReadPage(Slab? slab, int length, uint crc32c, int count, bool end)
{
    private Slab? slab = slab;

    public int Length { get; } = length;

    public int Count { get; } = count;

    public bool End { get; } = end;

    /// <summary>Null until exposed, and for an end without events.</summary>
    public IExposure? Exposure { get; private set; }

    public void Expose(IBulkEndpoint bulk)
    {
        if (slab is not null && Exposure is null)
        {
            Exposure = bulk.Expose(slab, Length, crc32c);
        }
    }

    /// <summary>Closes the region and gives the memory back.</summary>
    public void Withdraw()
    {
        Exposure?.Dispose();
        Exposure = null;
        slab?.Release();
        slab = null;
    }
}

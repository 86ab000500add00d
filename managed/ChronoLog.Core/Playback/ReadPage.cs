using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// One page of a cursor: in a slab of this process, filled, then exposed when it is asked for, then withdrawn; or in
/// another process, passed on; or empty.
/// </summary>
internal sealed class ReadPage
{
    private Slab? slab;
    private IExposure? exposure;
    private RemotePage? passedFrom;

    private ReadPage(int count, bool end) => (Count, End) = (count, end);

    public int Count { get; }

    /// <summary>Nothing follows.</summary>
    public bool End { get; }

    public EventSequence First { get; private init; }

    public EventSequence Last { get; private init; }

    /// <summary>Bytes of the image.</summary>
    public int Length { get; private init; }

    private uint Checksum { get; init; }

    /// <summary>Not null when it lies in another process.</summary>
    public PassedPage? Passed { get; private init; }

    /// <summary>Null until exposed, and for a page without events.</summary>
    public BulkDescriptor? Descriptor => passedFrom?.Page ?? exposure?.Descriptor;

    /// <summary>Without events.</summary>
    public static ReadPage Empty(bool end) => new(0, end);

    /// <summary>In a slab of this process.</summary>
    /// <param name="slab">Holds the image. The page takes over the reference.</param>
    /// <param name="length">Bytes of the image.</param>
    /// <param name="crc32c">Of the image.</param>
    /// <param name="content">What was written.</param>
    /// <param name="end">Nothing follows.</param>
    public static ReadPage In(Slab slab, int length, uint crc32c, in PageContent content, bool end) =>
        new(content.Count, end)
        {
            slab = slab,
            Length = length,
            Checksum = crc32c,
            First = content.First,
            Last = content.Last,
        };

    /// <summary>In another process, which keeps it until the page after the next one is asked for.</summary>
    public static ReadPage At(PassedPage passed, RemotePage page) => new(passed.Offer.Count, end: false)
    {
        Passed = passed,
        passedFrom = page,
        First = passed.Offer.First,
        Last = passed.Offer.Last,
        Length = (int)page.Page.Length,
    };

    public void Expose(IBulkEndpoint bulk)
    {
        if (slab is not null && exposure is null)
        {
            exposure = bulk.Expose(slab, Length, Checksum);
        }
    }

    /// <summary>Closes the region and gives the memory back.</summary>
    public void Withdraw()
    {
        exposure?.Dispose();
        exposure = null;
        slab?.Release();
        slab = null;
    }
}

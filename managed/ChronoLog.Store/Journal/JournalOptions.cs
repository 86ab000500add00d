using ChronoLog.Core.Ports;

namespace ChronoLog.Store.Journal;

/// <summary>Where a journal lies and how large it may be.</summary>
public sealed record JournalOptions
{
    /// <summary>Least that holds a header page and something worth it.</summary>
    public const long SegmentBytesMin = 64 << 10;

    /// <summary>Batches are addressed by 32-bit lengths; 1 GiB keeps well clear of them.</summary>
    public const long SegmentBytesMax = 1L << 30;

    /// <summary>Created if missing, with mode 0750. One Keeper at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>Length of a segment file; a multiple of 4096. No batch, and so no event, may be larger.</summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Most bytes of segment files; at least two segments, so that one fills while another one drains.
    /// </summary>
    public long QuotaBytes { get; init; } = 4L << 30;

    /// <summary>
    /// How far ahead of the writer pages are mapped for writing. At 1 GB/s and a preparation cycle of 1 ms the writer
    /// moves 1 MiB; four times that keeps it from faulting. More would only be written to the device as zeros.
    /// </summary>
    public long PopulateAheadBytes { get; init; } = 4L << 20;

    /// <summary>
    /// Most files kept for use again. A file that was used before has its pages in memory and its blocks written: the
    /// writer faults on none of them. Four hold what a second of the fastest clients fills; the rest is deleted.
    /// </summary>
    public int SparesMax { get; init; } = 4;

    /// <summary>
    /// Told when batches can't be taken any more, with the reason and what to do, and when they can again. From any of
    /// the journal's threads; the quota at most once a second.
    /// </summary>
    public Action<JournalState, string>? StateChanged { get; init; }

    /// <exception cref="ArgumentException">A size is out of range.</exception>
    public void Check()
    {
        if (SegmentBytes is < SegmentBytesMin or > SegmentBytesMax || SegmentBytes % SegmentHeader.PageLength != 0)
        {
            throw new ArgumentException(
                $"journal segments of {SegmentBytes} bytes: a multiple of {SegmentHeader.PageLength} "
                + $"from {SegmentBytesMin} to {SegmentBytesMax} is needed");
        }

        if (QuotaBytes < 2 * SegmentBytes)
        {
            throw new ArgumentException(
                $"journal quota of {QuotaBytes} bytes: at least two segments of {SegmentBytes} bytes are needed");
        }
    }
}

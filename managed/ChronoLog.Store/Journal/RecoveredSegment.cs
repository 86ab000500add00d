using ChronoLog.Core.Model;

namespace ChronoLog.Store.Journal;

/// <summary>
/// A segment of an earlier run as the memory that index entries point into again. The recovery holds the first
/// reference, every run that points into it one more; with the last one its file goes back to the pool, to be deleted
/// (or set aside, if it is damaged). It keeps its rewrites: as long as a broken file is there, so must be what it
/// lacks, or the next recovery would take it for damaged.
/// </summary>
internal sealed class RecoveredSegment(
    SegmentPool pool, SegmentFile file, SegmentHeader header, IReadOnlyList<RecoveredSegment> rewrites) : PayloadBlock
{
    public override nint Address { get; } = file.Mapping.Address;

    public override long Length { get; } = file.Mapping.Length;

    public SegmentFile File => file;

    public SegmentHeader Header => header;

    protected override void Free()
    {
        pool.Return(this);
        foreach (RecoveredSegment rewrite in rewrites)
        {
            rewrite.Release();
        }
    }
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;

namespace ChronoLog.Store.Journal;

/// <summary>
/// A segment of the journal as the memory that index entries point into. The writer holds the first reference while the
/// segment is active; every run that points into it holds one. With the last one, that is, when every chunk with an
/// event in it has been archived, the file goes back to the pool, to be deleted or used again.
/// </summary>
/// <remarks>
/// Fields by owner: the writer's thread owns <c>end</c> (published with a release store after the batch is complete);
/// the syncing thread owns <see cref="SyncedEnd"/>, <see cref="IsBroken"/> and <see cref="Rewrite"/>.
/// </remarks>
internal sealed class JournalSegment : PayloadBlock
{
    private readonly SegmentPool pool;
    private readonly uint tag;
    private long end;
    private volatile bool isSealed;

    public JournalSegment(SegmentPool pool, SegmentFile file, ulong processId, ulong epoch, long firstNumber)
    {
        this.pool = pool;
        File = file;
        Address = file.Mapping.Address;
        Length = file.Mapping.Length;
        tag = SegmentHeader.MakeTag(processId, epoch, file.Sequence);
        Header = new SegmentHeader(
            tag, processId, epoch, file.Sequence, Length, SegmentHeader.PageLength, RewriteOf: 0, firstNumber);
        Header.Write(file.Mapping.Span(0, SegmentHeader.PageLength));
        end = SegmentHeader.PageLength;
    }

    public SegmentFile File { get; }

    public SegmentHeader Header { get; }

    public override nint Address { get; }

    public override long Length { get; }

    /// <summary>Everything before this offset is complete. From any thread.</summary>
    public long End => Volatile.Read(ref end);

    /// <summary>True when nothing more will be appended.</summary>
    public bool IsSealed => isSealed;

    /// <summary>Everything before this offset is on the device. Syncing thread.</summary>
    public long SyncedEnd { get; set; }

    /// <summary>A sync of this file failed once: it must never be synced again. Syncing thread.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Of a broken segment: where its unsynced batches were written again. Syncing thread.</summary>
    public SegmentFile? Rewrite { get; set; }

    /// <summary>How far pages were mapped for writing ahead of the writer. Preparing thread.</summary>
    public long PopulatedEnd { get; set; }

    // Room for the seal is kept free, so that a full segment can be told from a torn one.
    public bool HasRoom(int byteLength) =>
        Length - end - BatchHeader.Length >= BatchHeader.Footprint(byteLength);

    /// <summary>
    /// Writer only, after <see cref="HasRoom"/>: copies the frames, completes the batch, returns their address.
    /// </summary>
    public nint Append(in BatchOrigin origin, ReadOnlySpan<byte> frames, long number, uint unsynced)
    {
        Span<byte> batch = File.Mapping.Span(end, BatchHeader.Length + frames.Length);
        frames.CopyTo(batch[BatchHeader.Length..]);
        new BatchHeader(frames.Length, unsynced, number, origin, tag, IsSeal: false).Seal(batch);
        nint address = Address + (nint)end + BatchHeader.Length;
        Volatile.Write(ref end, end + BatchHeader.Footprint(frames.Length));
        return address;
    }

    /// <summary>Writer only: ends the segment.</summary>
    /// <param name="number">Of the last batch.</param>
    /// <param name="unsynced">Batches up to it that are not known to be on the device.</param>
    public void Seal(long number, uint unsynced)
    {
        Span<byte> batch = File.Mapping.Span(end, BatchHeader.Length);
        new BatchHeader(0, unsynced, number, default, tag, IsSeal: true).Seal(batch);
        Volatile.Write(ref end, end + BatchHeader.Length);
        isSealed = true;
    }

    protected override void Free() => pool.Return(this);
}

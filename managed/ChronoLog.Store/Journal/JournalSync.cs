using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// Brings the segments' batches to the device. A file whose sync failed is never synced again, because the kernel may
/// have dropped the pages and would then report success: its batches are written again to a new file, while readers
/// keep using the old mapping.
/// </summary>
/// <remarks>
/// The sync is msync over the range written since the last one, which is fdatasync limited to a range: pages mapped
/// ahead of the writer need not be written as zeros. Blocks were reserved and the directory was synced when the file
/// was made.
/// </remarks>
internal sealed class JournalSync(SegmentPool pool, Action<SegmentFile, long, long> syncRange)
{
    private readonly List<JournalSegment> segments = []; // reused: a sync allocates nothing
    private volatile JournalSegment? broken;

    /// <summary>What failed; null when nothing is waiting to be written again.</summary>
    public string? Trouble { get; private set; }

    /// <summary>For the writer: leave this segment, its device failed.</summary>
    public bool WantsNewSegment(JournalSegment segment) => ReferenceEquals(broken, segment);

    /// <exception cref="IOException">The device refused; the next call writes the batches to a new file.</exception>
    public void Run()
    {
        pool.TakeUnsynced(segments);
        try
        {
            foreach (JournalSegment segment in segments)
            {
                Cover(segment);
            }

            Trouble = null;
        }
        finally
        {
            foreach (JournalSegment segment in segments)
            {
                segment.Release();
            }

            segments.Clear();
        }
    }

    private void Cover(JournalSegment segment)
    {
        bool isSealed = segment.IsSealed; // before the end: a sealed segment's end does not move any more
        long end = segment.End;
        if (end > segment.SyncedEnd)
        {
            if (segment.IsBroken)
            {
                WriteAgain(segment, end);
            }
            else
            {
                SyncInPlace(segment, end);
            }

            segment.SyncedEnd = end;
        }

        if (isSealed)
        {
            pool.Untrack(segment);
        }
    }

    private void SyncInPlace(JournalSegment segment, long end)
    {
        try
        {
            SyncRange(segment.File, segment.SyncedEnd, end);
        }
        catch (PosixException exception)
        {
            segment.IsBroken = true;
            segment.File.IsBroken = true;
            broken = segment;
            throw Failed(segment.File, exception);
        }
    }

    private void WriteAgain(JournalSegment segment, long end)
    {
        SegmentFile? file = segment.Rewrite;
        try
        {
            file ??= NewRewrite(segment);
            int length = (int)(end - segment.SyncedEnd);
            segment.File.Mapping.Span(segment.SyncedEnd, length).CopyTo(file.Mapping.Span(segment.SyncedEnd, length));
            SyncRange(file, segment.Rewrite is null ? 0 : segment.SyncedEnd, end);
            segment.Rewrite = file;
        }
        catch (PosixException exception)
        {
            // A second file that failed goes the same way. What an earlier rewrite of this segment holds is lost with
            // it, so everything from its beginning must be written once more.
            if (file is not null)
            {
                segment.SyncedEnd = Math.Min(segment.SyncedEnd, RewriteStart(file, segment.SyncedEnd));
                segment.Rewrite = null;
                pool.Discard(file);
            }

            throw Failed(segment.File, exception);
        }
    }

    private SegmentFile NewRewrite(JournalSegment segment)
    {
        SegmentFile file = pool.MakeForRewrite();
        long dataStart = Math.Max(segment.SyncedEnd, SegmentHeader.PageLength);
        segment.SyncedEnd = dataStart;
        SegmentHeader header = segment.Header with
        {
            Sequence = file.Sequence,
            DataStart = dataStart,
            RewriteOf = segment.Header.Sequence,
            FirstNumber = BatchHeader.NumberOf(segment.File.Mapping.Span(dataStart, BatchHeader.Length)),
        };
        header.Write(file.Mapping.Span(0, SegmentHeader.PageLength));
        return file;
    }

    private static long RewriteStart(SegmentFile file, long otherwise)
    {
        Span<byte> page = file.Mapping.Span(0, SegmentHeader.PageLength);
        return SegmentHeader.TryRead(page, file.Mapping.Length, out SegmentHeader header)
            ? header.DataStart
            : otherwise;
    }

    private void SyncRange(SegmentFile file, long from, long to)
    {
        long start = from & ~(SegmentHeader.PageLength - 1L);
        syncRange(file, start, to - start);
    }

    private IOException Failed(SegmentFile file, PosixException exception)
    {
        Trouble = $"syncing the journal segment {file.Path} failed: {exception.Message}; "
            + "its unsynced batches are being written to a new segment";
        return new IOException(Trouble, exception);
    }
}

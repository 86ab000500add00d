using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// Reads what a journal left on disk: for recovery, for inspection, for tests. Nothing read is trusted. It tells a torn
/// tail (a batch that was being written when the process or the node died) from damage in the middle (whole batches
/// follow).
/// </summary>
public static class JournalReader
{
    /// <summary>Names of the segment files of a directory, in the order of their sequence.</summary>
    public static IEnumerable<string> SegmentNames(string directory) =>
        Directory.EnumerateFiles(directory)
            .Select(path => Path.GetFileName(path))
            .Where(name => SegmentFile.SequenceOf(name) is not null)
            .OrderBy(SegmentFile.SequenceOf);

    /// <summary>Scans every segment file of a directory, in the order of their sequence, one at a time.</summary>
    /// <exception cref="PosixException">A file can't be read.</exception>
    public static IEnumerable<SegmentScan> Scan(string directory) =>
        SegmentNames(directory).Select(name => ScanFile(Path.Combine(directory, name)));

    /// <summary>Scans one segment file.</summary>
    /// <exception cref="PosixException">The file can't be read.</exception>
    public static SegmentScan ScanFile(string path)
    {
        using PosixFile file = PosixFile.Open(path, PosixOpen.Read);
        if (file.Length > JournalOptions.SegmentBytesMax)
        {
            return Empty(path);
        }

        byte[] bytes = new byte[file.Length];
        int got = file.ReadAt(bytes, 0);
        return Scan(path, bytes.AsMemory(0, got));
    }

    private static SegmentScan Empty(string path) =>
        new(path, default, [], [], SegmentEnd.NoHeader, 0);

    private static SegmentScan Scan(string path, ReadOnlyMemory<byte> bytes)
    {
        if (!SegmentHeader.TryRead(bytes.Span, bytes.Length, out SegmentHeader header)
            || SegmentFile.SequenceOf(Path.GetFileName(path)) != header.Sequence)
        {
            return Empty(path); // also a recycled file whose cleared header a power cut took back
        }

        var batches = new List<JournalBatch>();
        var holes = new List<SegmentHole>();
        long last = header.FirstNumber - 1;
        long synced = 0;
        long offset = header.DataStart;
        while (true)
        {
            ReadOnlySpan<byte> rest = bytes.Span[(int)Math.Min(offset, bytes.Length)..];
            if (!BatchHeader.TryRead(rest, header.Tag, out BatchHeader batch))
            {
                long next = FindNext(bytes.Span, offset, header.Tag, out batch);
                if (next < 0)
                {
                    SegmentEnd end = EndAt(bytes.Span, offset, header.Tag);
                    return new SegmentScan(path, header, batches, Judged(holes, synced), end, offset);
                }

                holes.Add(Hole(offset, next, last, batch));
                offset = next;
            }

            synced = Math.Max(synced, batch.Number - batch.Unsynced);
            if (batch.IsSeal)
            {
                offset += BatchHeader.Length;
                return new SegmentScan(path, header, batches, Judged(holes, synced), SegmentEnd.Sealed, offset);
            }

            batches.Add(new JournalBatch(
                header, offset, batch.Number, batch.Origin,
                bytes.Slice((int)offset + BatchHeader.Length, batch.ByteLength)));
            last = batch.Number;
            offset += BatchHeader.Footprint(batch.ByteLength);
        }
    }

    // A batch's own bytes could contain what looks like a batch of this segment only if an application recorded it on
    // purpose, with the right tag and checksum; batches are searched for behind unreadable places only.
    private static long FindNext(ReadOnlySpan<byte> bytes, long from, uint tag, out BatchHeader batch)
    {
        for (long offset = from + BatchHeader.Alignment; offset < bytes.Length; offset += BatchHeader.Alignment)
        {
            if (BatchHeader.TryRead(bytes[(int)offset..], tag, out batch))
            {
                return offset;
            }
        }

        batch = default;
        return -1;
    }

    private static SegmentHole Hole(long offset, long next, long last, in BatchHeader following) => new(
        offset, next - offset, last + 1, following.IsSeal ? following.Number : following.Number - 1, WasSynced: false);

    // The batches behind a hole know what was on the device when they were written; the last one knows most.
    private static List<SegmentHole> Judged(List<SegmentHole> holes, long synced) =>
        holes.ConvertAll(hole => hole with { WasSynced = hole.FirstNumber <= synced });

    private static SegmentEnd EndAt(ReadOnlySpan<byte> bytes, long offset, uint tag)
    {
        ReadOnlySpan<byte> rest = bytes[(int)Math.Min(offset, bytes.Length)..];
        if (rest.Length < BatchHeader.Length)
        {
            return rest.IndexOfAnyExcept((byte)0) < 0 ? SegmentEnd.Open : SegmentEnd.Torn;
        }

        // Frames are copied before the header, and the header's tag and checksum come last: a begun batch of this
        // use shows as bytes without a valid header. An old batch of a recycled file shows a header with another tag.
        bool isOld = BatchHeader.LooksLikeOne(rest) && BatchHeader.TagOf(rest) != tag;
        bool isClear = rest[..BatchHeader.Length].IndexOfAnyExcept((byte)0) < 0;
        return isOld || isClear ? SegmentEnd.Open : SegmentEnd.Torn;
    }
}

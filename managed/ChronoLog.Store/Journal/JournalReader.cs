using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// Reads what a journal left on disk: for inspection and for tests. Nothing read is trusted. It tells a torn tail (a
/// batch that was being written when the process or the node died) from damage in the middle (whole batches follow).
/// </summary>
public static class JournalReader
{
    /// <summary>Names of the segment files of a directory, in the order of their sequence.</summary>
    public static IEnumerable<string> SegmentNames(string directory) =>
        Directory.EnumerateFileSystemEntries(directory)
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
        using PosixFile file = PosixFile.Open(path, PosixOpen.Read | PosixOpen.NonBlocking);
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
        var walk = new SegmentWalk(bytes.Span, header);
        while (walk.MoveNext())
        {
            batches.Add(new JournalBatch(
                header, walk.Offset, walk.Current.Number, walk.Current.Origin,
                bytes.Slice((int)walk.Offset + BatchHeader.Length, walk.Current.ByteLength)));
        }

        // The batches behind a hole know what was on the device when they were written; the last one knows most.
        long synced = walk.Synced;
        List<SegmentHole> holes =
            [.. walk.Holes.Select(hole => hole with { WasSynced = hole.FirstNumber <= synced })];
        return new SegmentScan(path, header, batches, holes, walk.End, walk.EndOffset);
    }
}

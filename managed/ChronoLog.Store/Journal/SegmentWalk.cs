namespace ChronoLog.Store.Journal;

/// <summary>
/// Walks the batches of a segment as they lie in memory, each checked before it is given. Nothing read is trusted: what
/// cannot be read is passed over to the next whole batch, and noted as a hole.
/// </summary>
internal ref struct SegmentWalk
{
    // Behind an unreadable place every batch header's magic is a candidate whose checksum must be computed. A file made
    // for the purpose would hold a million of them, each with the rest of the file as its length: some laps are enough.
    private const int SearchLapsMax = 8;

    private readonly ReadOnlySpan<byte> bytes;
    private readonly uint tag;
    private readonly List<SegmentHole> holes = [];
    private long next;
    private long searchBudget;

    /// <param name="bytes">The file.</param>
    /// <param name="header">Its header, which has been read from there.</param>
    public SegmentWalk(ReadOnlySpan<byte> bytes, in SegmentHeader header)
    {
        this.bytes = bytes[..(int)Math.Clamp(header.SegmentBytes, 0, bytes.Length)];
        tag = header.Tag;
        LastNumber = header.FirstNumber - 1;
        next = header.DataStart;
        searchBudget = (long)SearchLapsMax * bytes.Length;
    }

    /// <summary>The batch.</summary>
    public BatchHeader Current { get; private set; }

    /// <summary>Of its header in the file.</summary>
    public long Offset { get; private set; }

    /// <summary>Its frames, whose lengths have not been checked.</summary>
    public readonly ReadOnlySpan<byte> Frames => bytes.Slice((int)Offset + BatchHeader.Length, Current.ByteLength);

    /// <summary>Number of the last whole batch so far.</summary>
    public long LastNumber { get; private set; }

    /// <summary>The greatest number that a batch so far knew to be on the device.</summary>
    public long Synced { get; private set; }

    /// <summary>How the segment ends; known at the end of the walk.</summary>
    public SegmentEnd End { get; private set; }

    /// <summary>Offset behind the last whole batch.</summary>
    public readonly long EndOffset => next;

    /// <summary>Stretches that could not be read. Not judged: whether they had been synced is not known here.</summary>
    public readonly IReadOnlyList<SegmentHole> Holes => holes;

    public bool MoveNext()
    {
        if (!TryRead(next, out BatchHeader batch))
        {
            long found = Find(next, out batch);
            if (found < 0)
            {
                End = EndAt();
                return false;
            }

            long last = batch.IsSeal ? batch.Number : batch.Number - 1;
            holes.Add(new SegmentHole(next, found - next, LastNumber + 1, last, WasSynced: false));
            next = found;
        }

        Synced = Math.Max(Synced, batch.Number - batch.Unsynced);
        if (batch.IsSeal)
        {
            next += BatchHeader.Length;
            End = SegmentEnd.Sealed;
            LastNumber = batch.Number;
            return false;
        }

        (Current, Offset, LastNumber) = (batch, next, batch.Number);
        next += BatchHeader.Footprint(batch.ByteLength);
        return true;
    }

    private readonly bool TryRead(long offset, out BatchHeader batch) =>
        BatchHeader.TryRead(bytes[(int)Math.Min(offset, bytes.Length)..], tag, out batch);

    // A batch's own bytes could contain what looks like a batch of this segment only if an application recorded it on
    // purpose, with the right tag and checksum; batches are searched for behind unreadable places only.
    private long Find(long from, out BatchHeader batch)
    {
        for (long offset = from + BatchHeader.Alignment; offset < bytes.Length; offset += BatchHeader.Alignment)
        {
            if (TryRead(offset, out batch))
            {
                return offset;
            }

            ReadOnlySpan<byte> rest = bytes[(int)offset..];
            searchBudget -= BatchHeader.LooksLikeOne(rest) && BatchHeader.TagOf(rest) == tag ? rest.Length : 0;
            if (searchBudget < 0)
            {
                break;
            }
        }

        batch = default;
        return -1;
    }

    private readonly SegmentEnd EndAt()
    {
        ReadOnlySpan<byte> rest = bytes[(int)Math.Min(next, bytes.Length)..];
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

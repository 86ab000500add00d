namespace ChronoLog.Store.Journal;

/// <summary>What a first walk over a segment of an earlier run found, before anything of it is used.</summary>
internal sealed class SegmentSurvey
{
    public SegmentSurvey(SegmentFile file, SegmentHeader header)
    {
        File = file;
        Header = header;
        var walk = new SegmentWalk(Bytes, header);
        while (walk.MoveNext())
        {
            Batches++;
        }

        (Holes, LastNumber, Synced, End, EndOffset) =
            (walk.Holes, walk.LastNumber, walk.Synced, walk.End, walk.EndOffset);
    }

    public SegmentFile File { get; }

    public SegmentHeader Header { get; }

    public ReadOnlySpan<byte> Bytes => File.Mapping.Span(0, (int)File.Mapping.Length);

    public long Batches { get; }

    public IReadOnlyList<SegmentHole> Holes { get; }

    /// <summary>Of the last whole batch; one less than the header's first number when there is none.</summary>
    public long LastNumber { get; }

    /// <summary>The greatest number that some batch in here knew to be on the device.</summary>
    public long Synced { get; }

    public SegmentEnd End { get; }

    public long EndOffset { get; }

    /// <summary>Where this segment's batches were written again after a sync of it had failed.</summary>
    public List<SegmentSurvey> Rewrites { get; } = [];

    public bool IsRewrite => Header.RewriteOf != 0;

    /// <summary>True when the batch is in here, whole.</summary>
    public bool Has(long number) =>
        number >= Header.FirstNumber && number <= LastNumber
        && !Holes.Any(hole => number >= hole.FirstNumber && number <= hole.LastNumber);

    /// <summary>The numbers of the batches that are in here, whole.</summary>
    public IEnumerable<(long First, long Last)> Present()
    {
        long first = Header.FirstNumber;
        foreach (SegmentHole hole in Holes)
        {
            if (hole.FirstNumber > first)
            {
                yield return (first, hole.FirstNumber - 1);
            }

            first = hole.LastNumber + 1;
        }

        if (first <= LastNumber)
        {
            yield return (first, LastNumber);
        }
    }
}

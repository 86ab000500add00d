namespace ChronoLog.Store.Journal;

/// <summary>Arithmetic of ranges of batch numbers, both ends included.</summary>
internal static class NumberRanges
{
    /// <summary>What is left of a hole when some ranges are known from elsewhere.</summary>
    /// <param name="hole">The numbers that are missing.</param>
    /// <param name="known">Sorted or not.</param>
    public static IEnumerable<SegmentHole> Without(SegmentHole hole, IEnumerable<(long First, long Last)> known)
    {
        long first = hole.FirstNumber;
        foreach ((long knownFirst, long knownLast) in known.Order())
        {
            if (knownLast < first)
            {
                continue;
            }

            if (knownFirst > hole.LastNumber)
            {
                break;
            }

            if (knownFirst > first)
            {
                yield return hole with { FirstNumber = first, LastNumber = knownFirst - 1 };
            }

            first = knownLast + 1;
        }

        if (first <= hole.LastNumber)
        {
            yield return hole with { FirstNumber = first };
        }
    }
}

using ChronoLog.Core.Model;

namespace ChronoLog.Client.Following;

/// <summary>
/// Which events were shown a while ago: 8 bytes for each, in sorted segments with the range of their ticks. The oldest
/// segment goes when there are too many.
/// </summary>
/// <remarks>
/// A fingerprint stands for an event: that two of a million are equal has a chance of 1 in 40 million, and then one event
/// is not shown.
/// </remarks>
internal sealed class PastEvents
{
    /// <summary>One binary search of 14 steps; small enough that its range of ticks is narrow.</summary>
    private const int SegmentCount = 1 << 14;

    private readonly List<Segment> segments = [];
    private readonly HashSet<ulong> newest = [];
    private ulong newestFirst = ulong.MaxValue;
    private ulong newestLast;

    /// <summary>Events that are remembered at most, in whole segments; at least one is.</summary>
    public required int CountMax { get; set; }

    /// <summary>Whatever was added with this tick or a later one is remembered.</summary>
    public ulong Start { get; private set; }

    public int Count => (segments.Count * SegmentCount) + newest.Count;

    /// <summary>False when it is here already.</summary>
    public bool Add(in EventSequence sequence)
    {
        if (Contains(sequence))
        {
            return false;
        }

        newest.Add(Fingerprint(sequence));
        newestFirst = Math.Min(newestFirst, sequence.EventTime);
        newestLast = Math.Max(newestLast, sequence.EventTime);
        if (newest.Count >= SegmentCount)
        {
            Seal();
        }

        return true;
    }

    public bool Contains(in EventSequence sequence)
    {
        ulong fingerprint = Fingerprint(sequence);
        if (newest.Contains(fingerprint))
        {
            return true;
        }

        foreach (Segment segment in segments)
        {
            if (sequence.EventTime >= segment.First && sequence.EventTime <= segment.Last
                && Array.BinarySearch(segment.Fingerprints, fingerprint) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Seal()
    {
        ulong[] fingerprints = [.. newest];
        Array.Sort(fingerprints);
        segments.Add(new Segment(newestFirst, newestLast, fingerprints));
        newest.Clear();
        (newestFirst, newestLast) = (ulong.MaxValue, 0);
        while (segments.Count > 1 && segments.Count * (long)SegmentCount > CountMax)
        {
            Start = Math.Max(Start, segments[0].Last + 1);
            segments.RemoveAt(0);
        }
    }

    private static ulong Fingerprint(in EventSequence sequence) =>
        Mix(Mix(Mix(sequence.EventTime) ^ sequence.ClientId) ^ sequence.EventIndex);

    // The finalizer of SplitMix64 (Steele, Lea, Flood: OOPSLA 2014): every bit of the input changes half of the output's.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private sealed record Segment(ulong First, ulong Last, ulong[] Fingerprints);
}

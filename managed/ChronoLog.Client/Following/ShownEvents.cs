using ChronoLog.Core.Model;

namespace ChronoLog.Client.Following;

/// <summary>
/// Which events a playback has shown, so that none is shown twice whatever has to be read again: all above a floor, and
/// below it, where the story is complete but for late events, as many as there is room for.
/// </summary>
internal sealed class ShownEvents(ulong floor)
{
    /// <summary>48 MiB at most above the floor. Beyond it the older half is taken for past.</summary>
    private const int CountMax = 1 << 20;

    /// <summary>Less than 1 MiB: not looked through more often than it doubles.</summary>
    private const int PruneMin = 1 << 14;

    /// <summary>
    /// 0.6 MiB. What a history brought may come once more by the feed, late, when it was recorded between the joining and the
    /// history's snapshot; and copies of one event follow each other closely.
    /// </summary>
    private const int PastMax = 1 << 16;

    /// <summary>32 MiB: of a story with late events the past is read again whenever somebody joins anew.</summary>
    private const int PastMaxWithLate = 1 << 22;

    private readonly HashSet<EventSequence> shown = [];

    // Late ones apart: they lie anywhere, and the others' segments have narrow ranges.
    private readonly PastEvents past = new() { CountMax = PastMax };
    private readonly PastEvents late = new() { CountMax = PastMax / 4 };
    private int pruneAt = PruneMin;

    /// <summary>ChronoTick.</summary>
    public ulong Floor { get; private set; } = floor;

    /// <summary>Whatever was shown of this tick or a later one is remembered.</summary>
    public ulong Start => Math.Max(past.Start, late.Start);

    public int Count => shown.Count + past.Count + late.Count;

    /// <summary>From now on much of the past is remembered.</summary>
    public void ExpectLate() => (past.CountMax, late.CountMax) = (PastMaxWithLate, PastMaxWithLate / 4);

    /// <summary>Takes note of an event; false when it was shown before.</summary>
    public bool Add(in EventSequence sequence)
    {
        if (sequence.EventTime < Floor)
        {
            return !shown.Contains(sequence) && !past.Contains(sequence) && late.Add(sequence);
        }

        bool isNew = shown.Add(sequence);
        if (shown.Count > CountMax)
        {
            ulong[] times = [.. shown.Select(each => each.EventTime).Order()];
            Floor = Math.Max(Floor, times[CountMax / 2]);
            Prune();
        }

        return isNew;
    }

    /// <summary>The story is complete below the tick.</summary>
    public void Raise(ulong tick)
    {
        Floor = Math.Max(Floor, tick);
        if (shown.Count >= pruneAt)
        {
            Prune();
        }
    }

    private void Prune()
    {
        List<EventSequence> below = [.. shown.Where(sequence => sequence.EventTime < Floor)];
        below.Sort();
        foreach (EventSequence sequence in below)
        {
            shown.Remove(sequence);
            past.Add(sequence);
        }

        pruneAt = Math.Max(PruneMin, shown.Count * 2);
    }
}

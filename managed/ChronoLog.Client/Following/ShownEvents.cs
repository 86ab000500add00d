using ChronoLog.Core.Model;

namespace ChronoLog.Client.Following;

/// <summary>
/// Which events a playback has shown above a floor, so that none is shown twice whatever has to be read again. Below the
/// floor nothing is remembered: the story is complete there.
/// </summary>
internal sealed class ShownEvents(ulong floor)
{
    /// <summary>48 MiB at most. Beyond it the older half is given up: an event that comes twice that late is shown twice.</summary>
    private const int CountMax = 1 << 20;

    /// <summary>
    /// Nothing is forgotten before there is so much (below 1 MiB): what a history brought may come once more by the feed, late,
    /// when it was recorded between the joining and the history's snapshot.
    /// </summary>
    private const int PruneMin = 1 << 14;

    /// <summary>Of late ones, which come below the floor, so many are remembered: copies follow each other closely.</summary>
    private const int LateMax = 1 << 14;

    private readonly HashSet<EventSequence> shown = [];
    private readonly HashSet<EventSequence> late = [];
    private readonly Queue<EventSequence> lateInOrder = new();
    private int pruneAt = PruneMin;

    /// <summary>ChronoTick.</summary>
    public ulong Floor { get; private set; } = floor;

    public int Count => shown.Count;

    /// <summary>Takes note of an event; false when it was shown before.</summary>
    public bool Add(in EventSequence sequence)
    {
        if (sequence.EventTime < Floor)
        {
            return AddLate(sequence);
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

    private bool AddLate(in EventSequence sequence)
    {
        if (shown.Contains(sequence) || !late.Add(sequence))
        {
            return false;
        }

        lateInOrder.Enqueue(sequence);
        if (lateInOrder.Count > LateMax)
        {
            late.Remove(lateInOrder.Dequeue());
        }

        return true;
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
        shown.RemoveWhere(sequence => sequence.EventTime < Floor);
        pruneAt = Math.Max(PruneMin, shown.Count * 2);
    }
}

using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>The order of arrival.</summary>
internal static class ArrivalOrder
{
    /// <summary>Orders entries by their stamps.</summary>
    /// <param name="entries">In order of EventSequence, in which those of equal stamps stay.</param>
    public static void Sort(Span<EventEntry> entries)
    {
        if (entries.Length < 2)
        {
            return;
        }

        var keys = new (ulong Arrival, int Index)[entries.Length];
        bool ascends = true;
        for (int index = 0; index < keys.Length; index++)
        {
            keys[index] = (entries[index].Arrival, index);
            ascends &= index == 0 || keys[index].Arrival >= keys[index - 1].Arrival;
        }

        if (ascends)
        {
            return;
        }

        Array.Sort(keys);
        EventEntry[] before = EntryPool.Rent(entries.Length);
        entries.CopyTo(before);
        for (int index = 0; index < keys.Length; index++)
        {
            entries[index] = before[keys[index].Index];
        }

        EntryPool.Return(before);
    }
}

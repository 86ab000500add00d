using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Binary and galloping search in sorted entries.</summary>
internal static class EntrySearch
{
    /// <summary>Index of the first entry at or after the time.</summary>
    public static int LowerBound(ReadOnlySpan<EventEntry> entries, ulong time)
    {
        int low = 0;
        int high = entries.Length;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) >> 1);
            if (entries[middle].EventTime < time)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>
    /// Index behind the last entry before the end; the end of time (2^64 - 1) includes the last tick.
    /// </summary>
    public static int EndBound(ReadOnlySpan<EventEntry> entries, ulong endTime) =>
        endTime == ulong.MaxValue ? entries.Length : LowerBound(entries, endTime);

    /// <summary>
    /// How many entries at the front come before the given one. Looks near the front first: cheap when few do.
    /// </summary>
    public static int Gallop(ReadOnlySpan<EventEntry> entries, in EventEntry limit)
    {
        int step = 1;
        int low = 0;
        while (step <= entries.Length && EventEntry.Compare(entries[step - 1], limit) < 0)
        {
            low = step;
            step = step > entries.Length / 2 && step < entries.Length ? entries.Length : step * 2;
        }

        int high = Math.Min(step - 1, entries.Length);
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) >> 1);
            if (EventEntry.Compare(entries[middle], limit) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Stable merge sort for what ingestion makes: nearly sorted (several threads of a client share a ring), or a few
/// sorted batches one after the other (several rings feed one handle). Adjacent parts that are in order already cost
/// two searches.
/// </summary>
internal static class EntrySort
{
    /// <summary>Parts up to this length are sorted by insertion.</summary>
    private const int InsertionLength = 32;

    public static void Sort(Span<EventEntry> entries)
    {
        int[] starts = FindParts(entries, out int parts);
        EventEntry[] scratch = [];
        while (parts > 1)
        {
            int kept = 0;
            for (int part = 0; part < parts; part += 2)
            {
                int start = starts[part];
                int end = part + 2 < parts ? starts[part + 2] : entries.Length;
                if (part + 1 < parts)
                {
                    Merge(entries[start..end], starts[part + 1] - start, ref scratch);
                }

                starts[kept++] = start;
            }

            parts = kept;
        }

        if (scratch.Length > 0)
        {
            EntryPool.Return(scratch);
        }
    }

    /// <summary>
    /// Cuts into ascending parts; short ones are made longer by insertion. Returns where each begins.
    /// </summary>
    private static int[] FindParts(Span<EventEntry> entries, out int parts)
    {
        var starts = new int[(entries.Length / InsertionLength) + 1];
        parts = 0;
        int start = 0;
        while (start < entries.Length)
        {
            int end = start + 1;
            while (end < entries.Length && EventEntry.Compare(entries[end - 1], entries[end]) <= 0)
            {
                end++;
            }

            if (end - start < InsertionLength)
            {
                int sorted = end - start;
                end = Math.Min(start + InsertionLength, entries.Length);
                InsertFrom(entries[start..end], sorted);
            }

            starts[parts++] = start;
            start = end;
        }

        return starts;
    }

    private static void InsertFrom(Span<EventEntry> entries, int sorted)
    {
        for (int next = sorted; next < entries.Length; next++)
        {
            EventEntry entry = entries[next];
            int place = next;
            while (place > 0 && EventEntry.Compare(entries[place - 1], entry) > 0)
            {
                entries[place] = entries[place - 1];
                place--;
            }

            entries[place] = entry;
        }
    }

    /// <summary>
    /// Merges two sorted neighbours in place, with scratch space for the part of the left one that must move.
    /// </summary>
    private static void Merge(Span<EventEntry> entries, int middle, ref EventEntry[] scratch)
    {
        int inPlace = UpperBound(entries[..middle], entries[middle]);
        if (inPlace == middle)
        {
            return;
        }

        int length = middle - inPlace;
        if (scratch.Length < length)
        {
            if (scratch.Length > 0)
            {
                EntryPool.Return(scratch);
            }

            scratch = EntryPool.Rent(length);
        }

        Span<EventEntry> left = scratch.AsSpan(0, length);
        entries[inPlace..middle].CopyTo(left);
        MergeInto(entries[inPlace..], left);
    }

    /// <summary>The right part lies at the end of the target already, so writing never overtakes reading.</summary>
    private static void MergeInto(Span<EventEntry> target, ReadOnlySpan<EventEntry> left)
    {
        int right = left.Length;
        int next = 0;
        int from = 0;
        while (from < left.Length)
        {
            if (right < target.Length && EventEntry.Compare(target[right], left[from]) < 0)
            {
                target[next++] = target[right++];
            }
            else
            {
                target[next++] = left[from++];
            }
        }
    }

    private static int UpperBound(ReadOnlySpan<EventEntry> entries, in EventEntry limit)
    {
        int low = 0;
        int high = entries.Length;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) >> 1);
            if (EventEntry.Compare(entries[middle], limit) <= 0)
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

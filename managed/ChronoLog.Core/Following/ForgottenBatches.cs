namespace ChronoLog.Core.Following;

/// <summary>
/// What a feed remembers of the batches that it let go: for each position the smallest tick from there on, so that whoever
/// missed them knows where a replay has to begin. Bounded: neighbours are put together, towards smaller ticks.
/// Unsynchronized.
/// </summary>
internal sealed class ForgottenBatches
{
    // 16 bytes each. Ticks mostly ascend, so each batch would have an entry of its own.
    private const int EntriesMax = 256;

    // Positions and ticks both ascend: of two batches the earlier one matters only while its tick is the smaller one.
    private readonly List<(ulong Position, ulong Oldest)> entries = [];

    /// <summary>Takes note of a batch; positions ascend.</summary>
    /// <param name="position">Its number.</param>
    /// <param name="oldest">Its smallest tick; 0 = not known.</param>
    public void Add(ulong position, ulong oldest)
    {
        while (entries.Count > 0 && entries[^1].Oldest >= oldest)
        {
            entries.RemoveAt(entries.Count - 1);
        }

        entries.Add((position, oldest));
        if (entries.Count > EntriesMax)
        {
            PutTogether();
        }
    }

    /// <summary>The smallest tick of the batches from a position on; 2^64 - 1 when none of them was forgotten.</summary>
    public ulong OldestSince(ulong position)
    {
        foreach ((ulong last, ulong oldest) in entries)
        {
            if (last >= position)
            {
                return oldest;
            }
        }

        return ulong.MaxValue;
    }

    // Halves the older half, whose followers are few: two neighbours become the later position with the smaller tick.
    private void PutTogether()
    {
        int kept = 0;
        for (int i = 0; i < EntriesMax / 2; i += 2)
        {
            entries[kept++] = (entries[i + 1].Position, entries[i].Oldest);
        }

        entries.RemoveRange(kept, (EntriesMax / 2) - kept);
    }
}

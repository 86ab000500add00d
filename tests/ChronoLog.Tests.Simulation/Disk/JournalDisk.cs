namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>The journal directory of one stream of a Keeper: what is there when the Keeper starts again.</summary>
public sealed class JournalDisk
{
    /// <summary>In the order of their writing.</summary>
    public List<JournalSegment> Segments { get; } = [];

    /// <summary>
    /// Power is gone: what was synced stays; of the rest a prefix may have reached the device, its last batch torn.
    /// </summary>
    /// <param name="survive">Decides for each batch that was not synced whether it is there all the same.</param>
    public void LosePower(Func<bool> survive)
    {
        foreach (JournalSegment segment in Segments)
        {
            int kept = segment.Batches.FindIndex(static batch => !batch.IsSynced);
            if (kept < 0)
            {
                continue;
            }

            while (kept < segment.Batches.Count && survive())
            {
                kept++;
            }

            if (kept < segment.Batches.Count)
            {
                Tear(segment, segment.Batches[kept]);
                segment.Batches.RemoveRange(kept + 1, segment.Batches.Count - kept - 1);
            }
        }
    }

    private static void Tear(JournalSegment segment, JournalBatch batch)
    {
        batch.IsTorn = true;
        segment.Bytes.AsSpan(batch.Offset + (batch.Length / 2), batch.Length - (batch.Length / 2)).Clear();
    }
}

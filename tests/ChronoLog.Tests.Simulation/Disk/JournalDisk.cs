using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>The journal directory of one stream of a Keeper: what is there when the Keeper starts again.</summary>
public sealed class JournalDisk
{
    /// <summary>In the order of their writing.</summary>
    public List<JournalSegment> Segments { get; } = [];

    /// <summary>Process id of the Keeper that used it last; 0 = nobody has.</summary>
    public ulong Owner { get; set; }

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

    /// <summary>Events that a Keeper would find here now.</summary>
    /// <param name="isSynced">Only those on the device.</param>
    public IEnumerable<EventSequence> Identities(bool isSynced) => Segments.SelectMany(segment => segment.Batches
        .Where(batch => !batch.IsTorn && (batch.IsSynced || !isSynced))
        .SelectMany(batch => Identities(segment.Bytes.AsMemory(batch.Offset, batch.Length), batch.Origin.ClientId)));

    private static IEnumerable<EventSequence> Identities(ReadOnlyMemory<byte> frames, ulong clientId)
    {
        while (!frames.IsEmpty)
        {
            yield return new EventSequence(
                RecordFrame.EventTime(frames.Span), clientId, RecordFrame.EventIndex(frames.Span));
            frames = frames[RecordFrame.AlignedLength(RecordFrame.JournalLength(frames.Span, out _))..];
        }
    }

    private static void Tear(JournalSegment segment, JournalBatch batch)
    {
        batch.IsTorn = true;
        segment.Bytes.AsSpan(batch.Offset + (batch.Length / 2), batch.Length - (batch.Length / 2)).Clear();
    }
}

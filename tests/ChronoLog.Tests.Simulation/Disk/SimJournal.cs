using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>
/// A Keeper's journal on a <see cref="JournalDisk"/>. A batch is accepted (in the page cache: survives the process)
/// when it
/// is appended, and synced by <see cref="Sync"/>. After a failed sync everything unsynced is written again to a new
/// segment,
/// as the real one does.
/// </summary>
public sealed class SimJournal(
    SimProcess keeper, JournalDisk disk, int segmentBytes, long quota,
    Func<DiskConditions> conditions, PlantedBugs bugs, SimDevice device)
    : IJournal
{
    private readonly List<JournalBatch> unsynced = [];
    private JournalSegment? active;
    private ulong processId;
    private ulong epoch;
    private bool isFull;
    private bool hasFailed;

    public long BytesUsed => disk.Segments.Count * (long)segmentBytes;

    public long BytesQuota => quota;

    public long Appended { get; private set; }

    public long Synced { get; private set; }

    public int BatchBytesMax => segmentBytes;

    public JournalState State => hasFailed
        ? JournalState.DeviceFailed
        : isFull ? JournalState.QuotaReached : JournalState.Ready;

    public string? Trouble => State == JournalState.Ready ? null : State.ToString();

    public JournalRecovery Recover(RecoveredBatchTaker take)
    {
        if (bugs.Has(PlantedBug.RestartForgetsJournal))
        {
            return JournalRecovery.Nothing;
        }

        if (disk.Segments.Count == 0)
        {
            return JournalRecovery.Nothing with { ProcessId = disk.Owner };
        }

        long torn = 0;
        ulong owner = disk.Segments.MaxBy(static segment => segment.Epoch)!.ProcessId;
        List<JournalSegment> found = [.. disk.Segments.Select(segment => segment.Reopen(Delete))];
        disk.Segments.Clear();
        disk.Segments.AddRange(found);
        foreach (JournalSegment segment in found)
        {
            torn += segment.Batches.RemoveAll(batch => batch.IsTorn && !bugs.Has(PlantedBug.RecoverTornBatch));
            foreach (JournalBatch batch in segment.Batches)
            {
                batch.IsSynced = true; // what is given is on the device
                take(batch.Origin, new JournalSpan(segment, segment.Address + batch.Offset, batch.Length, 0));
            }
        }

        keeper.World.Note("recover", keeper.FullName, (ulong)found.Count, (ulong)torn);
        found.ForEach(static segment => segment.Release());
        return new JournalRecovery(found.Count, owner, torn, []);
    }

    public void Identify(ulong process, ulong processEpoch)
    {
        (processId, epoch) = (process, processEpoch);
        if (process != 0 && process != disk.Owner && keeper.Effect("write owner"))
        {
            disk.Owner = process;
        }
    }

    public bool TryAppend(in BatchOrigin origin, ReadOnlySpan<byte> frames, out JournalSpan copy)
    {
        copy = default;
        if (keeper.World.Random.Chance(conditions().NoSpace) || !HasRoom(frames.Length))
        {
            isFull = true;
            return false;
        }

        isFull = false;
        JournalSegment segment = active!;
        int offset = segment.Used;
        frames.CopyTo(segment.Bytes.AsSpan(offset));
        segment.Used += frames.Length;
        Appended++;
        if (keeper.Effect("append"))
        {
            var batch = new JournalBatch(origin, offset, frames.Length, Appended);
            segment.Batches.Add(batch);
            unsynced.Add(batch);
            keeper.World.Note("append", keeper.FullName, (ulong)Appended, StableHash.Of(frames));
        }

        copy = new JournalSpan(segment, segment.Address + offset, frames.Length, Appended);
        return true;
    }

    public void Revisit(RecoveredBatchTaker take)
    {
        foreach (JournalSegment segment in disk.Segments.Where(static each => each.TryAddReference()).ToList())
        {
            foreach (JournalBatch batch in segment.Batches)
            {
                take(batch.Origin, new JournalSpan(segment, segment.Address + batch.Offset, batch.Length, 0));
            }

            segment.Release();
        }
    }

    public long Sync()
    {
        if (bugs.Has(PlantedBug.AcknowledgeBeforeSync))
        {
            return Synced = Appended;
        }

        if (device.IsBusy)
        {
            return Synced;
        }

        if (keeper.World.Random.Chance(conditions().FailedSyncs))
        {
            Fail();
        }

        if (keeper.World.Random.Chance(conditions().SlowSyncs))
        {
            SyncSlowly();
            return Synced;
        }

        if (keeper.Effect("sync"))
        {
            keeper.World.Note("sync", keeper.FullName, (ulong)Appended);
            unsynced.ForEach(static batch => batch.IsSynced = true);
            unsynced.Clear();
            Synced = Appended;
            hasFailed = false;
        }

        return Synced;
    }

    // What is appended while it lasts is not covered.
    private void SyncSlowly()
    {
        (List<JournalBatch> covered, long through) = ([.. unsynced], Appended);
        device.BeBusy(() =>
        {
            if (keeper.Effect("sync"))
            {
                keeper.World.Note("sync", keeper.FullName, (ulong)through);
                covered.ForEach(static batch => batch.IsSynced = true);
                unsynced.RemoveAll(static batch => batch.IsSynced);
                Synced = through;
                hasFailed = false;
            }
        });
    }

    public int Prepare() => 0;

    public void Dispose() => active?.Release();

    private bool HasRoom(int length)
    {
        if (active is { IsFailed: false } && active.Used + length <= segmentBytes)
        {
            return true;
        }

        if (BytesUsed + segmentBytes > quota)
        {
            return false;
        }

        active?.Release();
        active = NewSegment();
        return true;
    }

    private JournalSegment NewSegment()
    {
        var segment = new JournalSegment(segmentBytes, processId, epoch, Delete);
        if (keeper.Effect("new segment"))
        {
            disk.Segments.Add(segment);
        }

        return segment;
    }

    // Linux drops the dirty pages of a failed sync: what they held is lost unless it is written again elsewhere.
    private void Fail()
    {
        keeper.World.Note("failed sync", keeper.FullName, (ulong)Appended);
        hasFailed = true;
        if (bugs.Has(PlantedBug.RetryFailedSync))
        {
            unsynced.Clear();
        }

        throw new IOException("simulated: the device failed");
    }

    private void Delete(JournalSegment segment)
    {
        if (keeper.Effect("delete segment"))
        {
            keeper.World.Note("delete segment", keeper.FullName, (ulong)disk.Segments.IndexOf(segment));
            disk.Segments.Remove(segment);
        }
    }
}

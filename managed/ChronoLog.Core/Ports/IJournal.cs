using ChronoLog.Core.Model;

namespace ChronoLog.Core.Ports;

/// <summary>
/// The Keeper's hot tier: mapped segment files into which batches of frames are copied once, and which the pipelines'
/// entries point into. One writer thread; <see cref="Sync"/> from one other.
/// </summary>
public interface IJournal : IDisposable
{
    /// <summary>Bytes of segments on disk, and the most that may be.</summary>
    long BytesUsed { get; }

    long BytesQuota { get; }

    /// <summary>Number of the last batch appended; 0 = none.</summary>
    long Appended { get; }

    /// <summary>Number of the last batch that is on the device.</summary>
    long Synced { get; }

    /// <summary>Most bytes of frames in one batch: what fits an empty segment. No event may be larger.</summary>
    int BatchBytesMax { get; }

    /// <summary>Whether batches are taken and synced now.</summary>
    JournalState State { get; }

    /// <summary>
    /// What is wrong and what to do about it; null while <see cref="State"/> is <see cref="JournalState.Ready"/>.
    /// </summary>
    string? Trouble { get; }

    /// <summary>
    /// Takes up what an earlier run of the Keeper left, whatever its end was: gives every batch that is whole, each
    /// once. What is given is on the device. Once, before anything else.
    /// </summary>
    /// <param name="take">Called for each batch; adds references for what it keeps.</param>
    /// <exception cref="IOException">What had not been synced could not be synced now: nothing can be promised of it.</exception>
    JournalRecovery Recover(RecoveredBatchTaker take);

    /// <summary>
    /// Names the owner of the segments begun from now on, for a later recovery. Before the first append.
    /// </summary>
    void Identify(ulong processId, ulong epoch);

    /// <summary>
    /// Copies frames into the journal. False when the quota or the disk is exhausted: nothing was written, try later.
    /// </summary>
    /// <param name="origin">Whose frames these are.</param>
    /// <param name="frames">Whole, committed frames.</param>
    /// <param name="copy">Where they lie now. The caller holds no reference of its own: it adds what it keeps.</param>
    bool TryAppend(in BatchOrigin origin, ReadOnlySpan<byte> frames, out JournalSpan copy);

    /// <summary>
    /// Gives every whole batch of the segments that are not deleted once more, in no order and perhaps twice, archived
    /// or not. From any one thread; what is appended meanwhile may be missing.
    /// </summary>
    /// <param name="take">Called for each batch; adds references for what it keeps.</param>
    void Revisit(RecoveredBatchTaker take);

    /// <summary>
    /// Syncs everything appended so far to the device, and returns the number of the last batch covered.
    /// </summary>
    /// <exception cref="IOException">The device refused. Never retried on the same segment.</exception>
    long Sync();

    /// <summary>
    /// Gets segments ready ahead of the writer, and rid of those that nothing points into any more. From one
    /// thread, not the writer's.
    /// </summary>
    /// <returns>How much was done; 0 = nothing to do.</returns>
    int Prepare();
}

/// <summary>What keeps a journal from taking or syncing batches.</summary>
public enum JournalState
{
    Ready,

    /// <summary>The quota is used up; goes on when chunks have been archived.</summary>
    QuotaReached,

    /// <summary>The disk is full; goes on when there is space again.</summary>
    NoSpace,

    /// <summary>The device failed; what it holds unsynced is being written again elsewhere.</summary>
    DeviceFailed,
}

/// <summary>Where a batch came from: enough to rebuild a ring's positions from the journal.</summary>
/// <param name="ClientId">The ring's client.</param>
/// <param name="RingId">The ring.</param>
/// <param name="RingPosition">The ring's position after the batch.</param>
/// <param name="Arrival">ChronoTick at which the Keeper took it.</param>
public readonly record struct BatchOrigin(ulong ClientId, ulong RingId, long RingPosition, ulong Arrival);

/// <summary>A batch in the journal.</summary>
/// <param name="Segment">
/// The segment: referenced by the journal while active, by every run that points into it after.
/// </param>
/// <param name="Address">First byte of the frames' copy.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Number">The batch's number, compared with <see cref="IJournal.Synced"/>; 0: of an earlier run.</param>
public readonly record struct JournalSpan(PayloadBlock Segment, nint Address, int Length, long Number)
{
    /// <summary>The copied frames.</summary>
    public unsafe ReadOnlySpan<byte> Frames => new((void*)Address, Length);
}

/// <summary>Takes a batch of an earlier run.</summary>
public delegate void RecoveredBatchTaker(in BatchOrigin origin, in JournalSpan batch);

/// <summary>What a journal's recovery found.</summary>
/// <param name="Segments">Segments of earlier runs that are in use again.</param>
/// <param name="ProcessId">The Keeper's process id in its last run; 0 if nothing tells it.</param>
/// <param name="BatchesTorn">Batches that were lost before their sync, as a power cut does it: nobody had a promise.</param>
/// <param name="Damages">What had been synced and is unreadable.</param>
public sealed record JournalRecovery(
    int Segments, ulong ProcessId, long BatchesTorn, IReadOnlyList<JournalDamage> Damages)
{
    public static JournalRecovery Nothing { get; } = new(0, 0, 0, []);
}

/// <summary>Something that had been synced and is unreadable. Whose events it held, nothing tells.</summary>
/// <param name="Path">The file.</param>
/// <param name="What">For people: where in the file, which batches, why.</param>
/// <param name="StartTime">ChronoTick: the least that the file speaks of.</param>
/// <param name="EndTime">Behind the greatest.</param>
public sealed record JournalDamage(string Path, string What, ulong StartTime, ulong EndTime);

using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>
/// A story's writer: a model of <c>native/src/recorder.c</c> and <c>recorder_replicas.c</c>: reserve and take the tick,
/// fill, commit; in a full ring, or one that was left, wait and look again.
/// </summary>
internal sealed partial class SimStoryWriter(
    SimRecorderSession session, ulong storyId, Placement placement, int replicas) : IStoryWriter
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(1);

    private readonly List<MappedRing[]> sets = [];
    private readonly List<RecordedEvent> returned = [];
    private bool isClosed;
    private bool takesOwnTimes;
    private uint turn;

    public TimeSpan FullTimeout { get; set; } = TimeSpan.FromSeconds(5);

    public Func<string?>? Trouble { get; set; }

    public int Replicas => replicas;

    public bool IsSealed { private get; set; }

    private MappedRing[] Set => sets[^1];

    public void SetRings(IReadOnlyList<RecorderRing> rings) => sets.Add([.. rings.Select(session.At)]);

    public void AllowOwnTimes() => takesOwnTimes = true;

    public void Dispose() => isClosed = true;

    /// <summary>A ring is left for another one; one that the set has already takes no second place in it.</summary>
    public void Switch(MappedRing source, MappedRing target)
    {
        if (Set.Contains(source))
        {
            sets.Add([.. Set.Select(ring => ring == source ? target : ring).Distinct()]);
        }
    }

    /// <summary>Recorded by calls that have returned, and not confirmed at this level yet.</summary>
    public List<RecordedEvent> Unconfirmed(DurabilityLevel level) =>
        [.. returned.Where(recorded => recorded.Confirmed < level)];

    /// <summary>Records one event.</summary>
    /// <exception cref="ChronoLogException">Nothing was recorded; Unknown: in fewer rings than it should be.</exception>
    /// <param name="story">Its name.</param>
    /// <param name="record">The event's bytes.</param>
    /// <param name="given">A tick of the application's own; null = the clock's.</param>
    public async ValueTask LogEventAsync(string story, byte[] record, ulong? given = null)
    {
        if (given is { } tick && !session.Takes(tick))
        {
            throw new ChronoLogException(Status.LimitExceeded, $"recording in {story}: {tick} is out of bounds");
        }

        if (given is not null && !takesOwnTimes)
        {
            throw new ChronoLogException(Status.NotSupported, $"recording in {story}: own ticks are not declared");
        }

        var entry = new SimEntry(story, record) { Given = given };
        long deadline = session.Client.MonotonicNanoseconds + (long)FullTimeout.TotalNanoseconds;
        while (await TryPutAsync(entry) is { } refusal)
        {
            bool isFinal = refusal == Status.NotAcquired || (refusal == Status.NoKeepers && !session.ReplacesRings);
            if (isFinal || session.Client.MonotonicNanoseconds >= deadline)
            {
                Status outcome = entry.Recorded is null ? refusal : Status.Unknown;
                throw new ChronoLogException(outcome, $"recording in {story}: {outcome}");
            }

            await session.Client.Delay(Poll);
        }

        if (session.Client.Effect("return"))
        {
            session.Deployment.Model.Return(entry.Recorded!);
            returned.Add(entry.Recorded!);
        }
    }

    /// <returns>Null: it is recorded.</returns>
    private async ValueTask<Status?> TryPutAsync(SimEntry entry)
    {
        MappedRing[] set = Set;
        if (isClosed || IsSealed || session.IsClosed)
        {
            return Status.NotAcquired;
        }

        return replicas > 1 ? await PutCopiesAsync(set, entry) : await PutOneAsync(set, entry);
    }

    private async ValueTask<Status?> PutOneAsync(MappedRing[] set, SimEntry entry)
    {
        uint first = placement == Placement.RoundRobin ? turn++ : 0;
        for (uint i = 0; i < set.Length; i++)
        {
            MappedRing ring = set[(first + i) % set.Length];
            if (await TryPutAsync(ring, entry))
            {
                return null;
            }

            if (!ring.Memory.IsClosed && placement == Placement.LocalFirst)
            {
                return Status.TimedOut; // the near one is full, and waited for
            }
        }

        return set.All(static ring => ring.Memory.IsClosed) ? Status.NoKeepers : Status.TimedOut;
    }

    private async ValueTask<Status?> PutCopiesAsync(MappedRing[] set, SimEntry entry)
    {
        while (entry.Copies.Count < replicas)
        {
            if (entry.Copies.Count == 0 && set.Length < replicas)
            {
                return Status.NoKeepers;
            }

            if (entry.Copies.Count == 0
                && set.Take(replicas).Any(ring => ring.Memory.IsClosed || !ring.Memory.HasRoom(entry.Record.Length)))
            {
                return set.Any(static ring => ring.Memory.IsClosed) ? Status.NoKeepers : Status.TimedOut;
            }

            MappedRing? next = Array.Find(
                set, ring => !entry.Copies.Exists(copy => copy.Whereabouts == ring.Whereabouts));
            if (next is null)
            {
                return Status.NoKeepers;
            }

            if (!await TryPutAsync(next, entry))
            {
                return next.Memory.IsClosed ? Status.NoKeepers : Status.TimedOut;
            }

            entry.Copies.Add(next);
        }

        return null;
    }

    // The protocol of a producer. It may lose the processor between reserving and committing.
    private async ValueTask<bool> TryPutAsync(MappedRing ring, SimEntry entry)
    {
        if (ring.IsRetired || ring.Memory.IsClosed || !session.Client.Effect("reserve")
            || ring.Memory.TryReserve(entry.Record.Length) is not { } frame)
        {
            return false;
        }

        RecordedEvent recorded = entry.Recorded ??= Take(entry);
        recorded.Enter(ring.Memory);
        frame.Event = recorded;
        Kernel.SimRandom random = session.Client.World.Random;
        if (random.Chance(0.1))
        {
            await session.Client.Delay(TimeSpan.FromMicroseconds(random.Between(1, random.Chance(0.05) ? 80_000 : 300)));
        }

        if (session.Client.Effect("commit"))
        {
            Commit(frame, recorded);
        }

        return true;
    }

    private RecordedEvent Take(SimEntry entry)
    {
        (ulong tick, uint index) = session.Take(entry.Given);
        var recorded = new RecordedEvent(
            new EventSequence(tick, session.ClientId, index), entry.Record)
        {
            IsGiven = entry.Given is not null,
        };
        session.Deployment.Model.Add(entry.Story, recorded);
        return recorded;
    }

    private void Commit(RingFrame frame, RecordedEvent recorded)
    {
        byte[] bytes = new byte[frame.Length];
        EventSequence sequence = recorded.Sequence;
        RecordFrame.Write(bytes, storyId, sequence.EventTime, sequence.EventIndex, recorded.Record);
        frame.Bytes = bytes;
        recorded.Fate = EventFate.Committed;
        session.Client.World.Note("commit", session.Client.FullName, sequence.EventTime, sequence.EventIndex);
    }
}

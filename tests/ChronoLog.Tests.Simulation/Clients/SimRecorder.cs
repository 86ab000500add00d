using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Memory;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Clients;

/// <summary>
/// The recording side of a client: the sequence of ticks and indexes and the rings, with the protocol of the C producer
/// (<c>native/src/recorder.c</c>): reserve and take the tick, fill, commit. The real client is welded to the C
/// library and
/// to real transports; once its rings are a port, it takes this class's place.
/// </summary>
internal sealed class SimRecorder(ClientProcess client, Deployment deployment)
{
    // chrono_ring.h: CHRONO_CONSUMER_SILENT_NS, CHRONO_CONSUMER_LOST_NS.
    private static readonly TimeSpan ConsumerSilent = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ConsumerLost = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FullTimeout = TimeSpan.FromMilliseconds(500);

    private readonly List<(RingMemory Ring, RecordedEvent Event, long End)> unconfirmed = [];
    private ulong lastTick;
    private uint nextIndex;

    /// <summary>The ring that is written to now; null while there is none.</summary>
    public RingMemory? Ring { get; private set; }

    public long Recorded { get; private set; }

    public void Use(RingMemory ring) => Ring = ring;

    public void Leave() => Ring = null;

    /// <summary>Records one event.</summary>
    /// <exception cref="ChronoLogException">Nothing was recorded.</exception>
    public async ValueTask LogEventAsync(string story, ulong storyId, byte[] record)
    {
        (RingMemory ring, RingFrame frame) = await ReserveAsync(record.Length);
        ulong now = client.Clock.Now;
        ulong tick = deployment.Bugs.Has(PlantedBug.ClockStepsBack) ? now : Math.Max(now, lastTick);
        deployment.Checker.CheckTick(client.FullName, lastTick, tick);
        lastTick = tick;
        var sequence = new EventSequence(tick, client.ClientId, nextIndex++);
        var recorded = new RecordedEvent(sequence, record, ring.Node);
        deployment.Model.Add(story, recorded);
        if (client.World.Random.Chance(0.1))
        {
            await client.Delay(TimeSpan.FromMicroseconds(client.World.Random.Between(1, 300)));
        }

        if (client.Effect("commit"))
        {
            Commit(ring, frame, recorded, storyId);
        }

        if (client.Effect("return"))
        {
            deployment.Model.Return(recorded);
            Recorded++;
        }
    }

    /// <summary>Waits until everything recorded so far has reached the level, and books what that promises.</summary>
    /// <exception cref="ChronoLogException">The level was not reached in time.</exception>
    public async ValueTask FlushAsync(DurabilityLevel level, TimeSpan timeout)
    {
        List<(RingMemory Ring, RecordedEvent Event, long End)> covered =
            [.. unconfirmed.Where(each => each.Event.Returned > 0 && each.Event.Confirmed < level)];
        long end = client.MonotonicNanoseconds + (timeout.Ticks * 100);
        while (!covered.TrueForAll(each => Position(each.Ring, level) >= each.End))
        {
            if (client.MonotonicNanoseconds >= end)
            {
                throw new ChronoLogException(Status.TimedOut, $"{level} was not reached within {timeout}");
            }

            await client.Delay(TimeSpan.FromMilliseconds(1));
        }

        if (!client.Effect("flush returns"))
        {
            return;
        }

        covered.ForEach(each => each.Event.Confirmed = level);
        unconfirmed.RemoveAll(static each => each.Event.Confirmed >= DurabilityLevel.Synced);
    }

    private static long Position(RingMemory ring, DurabilityLevel level) =>
        level >= DurabilityLevel.Synced ? ring.Durable : ring.Consumed;

    private void Commit(RingMemory ring, RingFrame frame, RecordedEvent recorded, ulong storyId)
    {
        byte[] bytes = new byte[frame.Length];
        EventSequence sequence = recorded.Sequence;
        RecordFrame.Write(bytes, storyId, sequence.EventTime, sequence.EventIndex, recorded.Record);
        frame.Bytes = bytes;
        recorded.Fate = EventFate.Committed;
        unconfirmed.Add((ring, recorded, frame.End));
        client.World.Note("commit", client.FullName, sequence.EventTime, sequence.EventIndex);
    }

    private async ValueTask<(RingMemory Ring, RingFrame Frame)> ReserveAsync(int length)
    {
        long begin = client.MonotonicNanoseconds;
        while (Ring is { IsClosed: false } ring)
        {
            if (client.Effect("reserve") && ring.TryReserve(length) is { } frame)
            {
                return (ring, frame);
            }

            long now = client.MonotonicNanoseconds;
            bool isSilent = now - ring.Heartbeat > ConsumerSilent.Ticks * 100;
            if (now - begin > FullTimeout.Ticks * 100 || now - ring.Heartbeat > ConsumerLost.Ticks * 100)
            {
                // The Keeper's next process goes on with this ring: it stays the client's.
                throw new ChronoLogException(
                    isSilent ? Status.NoKeepers : Status.TimedOut, $"ring {ring.Path} is full");
            }

            await client.Delay(TimeSpan.FromMilliseconds(1));
        }

        Leave();
        throw new ChronoLogException(Status.NoKeepers, "there is no open ring");
    }
}

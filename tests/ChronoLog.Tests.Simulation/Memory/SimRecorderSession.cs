using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Clients;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Tests.Simulation.Processes;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>
/// The recorder of a client: a model of <c>native/src/recorder_rings.c</c> and <c>recorder_move.c</c>, step for step. The C
/// itself has tests of its own; what is simulated is everything that relies on it.
/// </summary>
internal sealed class SimRecorderSession(
    ClientProcess client, Deployment deployment, SimClock clock, ulong clientId) : IRecorderSession
{
    // Less is two events in one moment, and no step of the clock.
    private const ulong StepNanosecondsMin = 1000;

    private readonly SortedDictionary<int, MappedRing> slots = [];
    private readonly List<SimStoryWriter> writers = [];
    private ulong lastTick;
    private uint nextIndex;
    private EventTimeBounds bounds = EventTimeBounds.Default;

    public ClientProcess Client => client;

    public Deployment Deployment => deployment;

    public ulong ClientId => clientId;

    public bool IsClosed { get; private set; }

    public bool ReplacesRings { get; set; }

    public (ulong Tick, uint Index) Last => (lastTick, nextIndex);

    public RecorderRing AddRing(OpenRingReply reply)
    {
        RingMemory memory = deployment.Memories[client.Node.Number].Find(reply.Path)
            ?? throw new ChronoLogException(Status.Internal, $"mapping ring '{reply.Path}': no such file");
        return Map(memory);
    }

    public RecorderRing AddRing(IMirroredRing ring) => Map(((SimMirroredRing)ring).Memory);

    private RecorderRing Map(RingMemory memory)
    {
        int slot = 0;
        while (slots.ContainsKey(slot))
        {
            slot++;
        }

        slots.Add(slot, new MappedRing(memory));
        client.World.Note("map ring", client.FullName, memory.RingId, (ulong)slot);
        return new RecorderRing(slot, memory.RingId, memory.Path);
    }

    public (TimeSpan Silence, bool IsClosed) Look(RecorderRing ring)
    {
        RingMemory memory = At(ring).Memory;
        long silence = Math.Max(0, client.MonotonicNanoseconds - memory.Heartbeat);
        return (TimeSpan.FromTicks(silence / 100), memory.IsFenced);
    }

    public bool TryMoveRing(RecorderRing from, RecorderRing to, TimeSpan timeout, out long events)
    {
        (MappedRing source, MappedRing target) = (At(from), At(to));
        events = source.EventsMoved;
        if (source == target || target.Forward is not null)
        {
            throw new ChronoLogException(Status.InvalidArgument, $"leaving ring '{from.Path}' for '{to.Path}'");
        }

        if (!source.IsMoved && client.Effect("move ring"))
        {
            TurnAway(source, target);
            source.IsMoved = MoveAll(source, target);
            client.World.Note("move", source.Memory.Path, (ulong)source.EventsMoved, source.IsMoved ? 1u : 0);
        }

        events = source.EventsMoved;
        return source.IsMoved;
    }

    public bool TryRetireRing(RecorderRing ring)
    {
        MappedRing mapped = At(ring);
        RingMemory memory = mapped.Memory;
        if (!mapped.IsMoved)
        {
            memory.CloseByProducer();
        }

        bool isNeeded = mapped.IsMoved ? memory.Durable < mapped.Kept : memory.Consumed < memory.Tail;
        if (isNeeded || !client.Effect("retire ring"))
        {
            return false;
        }

        // What was moved is not consumed by its having been moved. (The C counts it so: README, open findings.)
        bool countsMoved = deployment.Bugs.Has(PlantedBug.RetiredCountsAsJournaled);
        mapped.Retire(!mapped.IsMoved ? memory.Consumed : countsMoved ? memory.Tail : mapped.Kept);
        slots.Remove(ring.Slot);
        client.World.Note("retire", memory.Path);
        return true;
    }

    public IStoryWriter OpenStory(
        ulong storyId, Placement placement, IReadOnlyList<RecorderRing> rings, int replicas)
    {
        var writer = new SimStoryWriter(this, storyId, placement, replicas);
        writer.SetRings(rings);
        writers.Add(writer);
        return writer;
    }

    public void Dispose()
    {
        if (!client.IsAlive)
        {
            return;
        }

        IsClosed = true;
        foreach (MappedRing ring in slots.Values)
        {
            ring.Memory.CloseByProducer();
        }
    }

    internal MappedRing At(RecorderRing ring) => slots.GetValueOrDefault(ring.Slot)
        ?? throw new ChronoLogException(Status.InvalidArgument, $"slot {ring.Slot} has no ring");

    public void Bound(EventTimeBounds bounds) => this.bounds = bounds;

    /// <summary>Whether an application's own tick is within the bounds.</summary>
    internal bool Takes(ulong tick)
    {
        ulong now = clock.Now;
        return tick > now
            ? tick - now <= bounds.FutureNanoseconds + clock.UncertaintyNanoseconds
            : now - tick <= bounds.LateNanoseconds;
    }

    /// <summary>Tick and index, in one step.</summary>
    internal (ulong Tick, uint Index) Take(ulong? given)
    {
        if (given is { } own)
        {
            return (own, nextIndex++);
        }

        ulong now = clock.Now;
        bool stepsBack = deployment.Bugs.Has(PlantedBug.ClockStepsBack) && now + StepNanosecondsMin < lastTick;
        ulong tick = stepsBack ? now : Math.Max(now, lastTick + 1);
        deployment.Checker.CheckTick(client.FullName, lastTick, tick);
        lastTick = tick;
        return (tick, nextIndex++);
    }

    // Who waits in the source finds it closed, and the new set.
    private void TurnAway(MappedRing source, MappedRing target)
    {
        if (source.Forward != target)
        {
            source.MovePosition = source.Kept = source.Memory.Consumed;
            source.MovedFrom = long.MaxValue;
            source.MovedEnd = 0;
        }

        source.Forward = target;
        writers.ForEach(writer => writer.Switch(source, target));
        source.Memory.CloseByProducer();
    }

    private bool MoveAll(MappedRing source, MappedRing target)
    {
        long tail = source.Memory.Tail;
        source.MovePosition = Math.Max(source.MovePosition, Math.Min(source.Memory.Consumed, tail));
        source.Kept = Math.Max(source.Kept, Math.Min(source.Memory.Consumed, tail));
        if (deployment.Bugs.Has(PlantedBug.MoveForgets))
        {
            source.MovePosition = tail;
        }

        foreach (RingFrame frame in source.Memory.Frames)
        {
            if (frame.Position >= source.MovePosition && !TryMove(source, target, frame))
            {
                return false;
            }
        }

        source.MovedFrom = Math.Min(source.MovedFrom, tail);
        source.Memory.IsMoved = true;
        return true;
    }

    private bool TryMove(MappedRing source, MappedRing target, RingFrame frame)
    {
        if (!frame.IsPadding)
        {
            if (frame.Bytes is not { } bytes || target.Memory.IsClosed || !client.Effect("move event")
                || target.Memory.TryReserve(frame.RecordLength) is not { } copy)
            {
                return false; // its producer does not get on, or the target is full or gone: the next call goes on
            }

            copy.Bytes = deployment.Bugs.Has(PlantedBug.MoveRenumbers) ? Renumber(bytes) : bytes;
            copy.Event = frame.Event;
            copy.Event?.Enter(target.Memory);
            source.MovedEnd = copy.End;
            source.MovedFrom = Math.Min(source.MovedFrom, frame.Position);
            source.EventsMoved++;
        }

        source.MovePosition = frame.End;
        return true;
    }

    private byte[] Renumber(byte[] frame)
    {
        byte[] copy = [.. frame];
        BitConverter.TryWriteBytes(copy.AsSpan(Core.Model.RecordFrame.EventIndexOffset), nextIndex++);
        return copy;
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>A Keeper's side of a ring. What a dead Keeper still does here has no effect.</summary>
public sealed class SimRing(RingMemory memory, SimProcess keeper, PlantedBugs bugs, SimDevice device) : IRecordingRing
{
    private byte[] scratch = [];

    public RingMemory Memory => memory;

    public ulong RingId => memory.RingId;

    public ulong ClientId => memory.ClientId;

    public string Path => memory.Path;

    public long CapacityBytes => memory.Capacity;

    public long Consumed { get; private set; } = memory.Consumed;

    public long Durable => memory.Durable;

    public long Tail => bugs.Has(PlantedBug.FenceSeesOnlyTheConsumed) ? Consumed : memory.Tail;

    public bool IsMirror => memory.IsMirror;

    public bool ProducerAlive => memory.IsMirror || memory.Producer is { IsAlive: true };

    public bool ProducerClosed => memory.IsProducerClosed;

    public ReadOnlySpan<byte> Committed(int maxBytes)
    {
        PassPadding();
        int length = 0;
        foreach (RingFrame frame in memory.Frames)
        {
            bool fits = length == 0 || length + frame.Length <= maxBytes;
            if (frame.Bytes is null || !fits)
            {
                break;
            }

            if (scratch.Length < length + frame.Length)
            {
                Array.Resize(ref scratch, Math.Max(2 * scratch.Length, length + frame.Length));
            }

            frame.Bytes.CopyTo(scratch, length);
            length += frame.Length;
        }

        if (length > 0 && bugs.Has(PlantedBug.ConsumedBeforeJournal) && keeper.Effect("consume"))
        {
            memory.Consumed = Consumed + length;
        }

        return scratch.AsSpan(0, length);
    }

    public void Consume(int bytes)
    {
        if (!keeper.Effect("consume"))
        {
            return;
        }

        keeper.World.Note("consume", Path, (ulong)Consumed, (ulong)bytes);
        Drop(Consumed + bytes);
    }

    /// <summary>Goes on where the earlier process of the Keeper had got, by the ring or by the journal.</summary>
    public void Resume(long journaled)
    {
        Drop(Math.Max(memory.Consumed, journaled));
        Beat();
    }

    public int SkipAbandoned()
    {
        long before = Consumed;
        while (keeper.IsAlive && memory.Frames.First is { } first && first.Value.Bytes is null)
        {
            Drop(first.Value.End);
        }

        keeper.World.Note("skip abandoned", Path, (ulong)before, (ulong)Consumed);
        return (int)(Consumed - before);
    }

    public bool TryFeed(long from, ReadOnlySpan<byte> bytes)
    {
        keeper.World.Note("feed", Path, (ulong)from, (ulong)bytes.Length);
        return keeper.Effect("feed") && memory.TryFeed(from, bytes);
    }

    public void Beat() => memory.Heartbeat = keeper.IsAlive ? memory.Node.Monotonic : memory.Heartbeat;

    public void CloseToProducers()
    {
        if (keeper.IsAlive && !memory.IsClosed)
        {
            memory.ClientEnd?.Orphan(); // the Keeper waits no longer for what is not here
        }

        memory.IsClosed |= keeper.IsAlive;
        memory.IsFenced |= keeper.IsAlive;
    }

    public void PublishDurable(long position) => device.Afterwards(() => PublishNow(position));

    private void PublishNow(long position)
    {
        if (keeper.Effect("publish durable"))
        {
            keeper.World.Note("durable", Path, (ulong)position);
            memory.Durable = position;
        }
    }

    public void Leave()
    {
    }

    // The Keeper unlinks the file; a client that has it mapped still sees its positions.
    public void Dispose()
    {
        CloseToProducers();
        memory.IsUnlinked |= keeper.IsAlive;
    }

    private void PassPadding()
    {
        while (keeper.IsAlive && memory.Frames.First is { Value.IsPadding: true } padding)
        {
            Drop(padding.Value.End); // a process that dies here has passed it for the next one, too
        }
    }

    private void Drop(long position)
    {
        while (memory.Frames.First is { } first && first.Value.Position < position)
        {
            memory.Frames.RemoveFirst();
        }

        Consumed = position;
        memory.Consumed = position;
    }
}

using ChronoLog.Core.Model;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Clients;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>The client's end of a mirrored ring, in the memory of its process: that is its consumer, too.</summary>
internal sealed class SimMirroredRing(RingMemory memory, ClientProcess client, PlantedBugs bugs) : IMirroredRing
{
    public RingMemory Memory => memory;

    public ulong RingId => memory.RingId;

    public string Path => memory.Path;

    public long CapacityBytes => memory.Capacity;

    public long Tail => bugs.Has(PlantedBug.MirrorTellsTooLittle) && memory.KeeperEnd is { } end ? end.Tail : memory.Tail;

    public long Consumed => memory.Consumed;

    public bool IsClosed => memory.IsClosed;

    public int CommittedAfter(long from, int maxBytes)
    {
        int length = 0;
        foreach (RingFrame frame in Frames(from))
        {
            bool fits = length == 0 || length + frame.Length <= maxBytes;
            if ((frame.Bytes is null && !frame.IsPadding) || !fits)
            {
                break;
            }

            length += frame.Length;
            if (frame.End % memory.Capacity == 0)
            {
                break; // what follows lies at the beginning
            }
        }

        return length;
    }

    public void Copy(long from, Span<byte> destination)
    {
        int copied = 0;
        foreach (RingFrame frame in Frames(from))
        {
            if (copied == destination.Length)
            {
                break;
            }

            Span<byte> place = destination.Slice(copied, frame.Length);
            if (frame.IsPadding)
            {
                place.Clear();
                BitConverter.TryWriteBytes(place, RecordFrame.PaddingFlag | frame.Length);
            }
            else
            {
                frame.Bytes.CopyTo(place);
            }

            copied += frame.Length;
        }

        if (bugs.Has(PlantedBug.MirrorConsumesWhatIsSent))
        {
            ConsumeThrough(from + copied);
        }
    }

    public void ConsumeThrough(long through)
    {
        if (!client.Effect("consume own end"))
        {
            return;
        }

        while (memory.Frames.First is { } first && first.Value.Position < through)
        {
            memory.Frames.RemoveFirst();
        }

        memory.Consumed = Math.Max(memory.Consumed, through);
        client.World.Note("consume own end", Path, (ulong)through);
    }

    public void PublishDurable(long position)
    {
        if (client.Effect("durable in own end"))
        {
            memory.Durable = position;
        }
    }

    public void Beat() => memory.Heartbeat = client.IsAlive ? memory.Node.Monotonic : memory.Heartbeat;

    public void CloseToProducers()
    {
        memory.IsClosed |= client.IsAlive;
        memory.IsFenced |= client.IsAlive;
    }

    public void Unlink()
    {
    }

    public void Dispose()
    {
        CloseToProducers();
        memory.Orphan();
    }

    private IEnumerable<RingFrame> Frames(long from) => memory.Frames.SkipWhile(frame => frame.Position < from);
}

using ChronoLog.Core.Model;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>
/// A ring as it lies in a node's shared memory: a model of <c>chrono_ring.h</c> with the producers' side of its
/// protocol.
/// It belongs to the node and outlives the processes that map it.
/// </summary>
public sealed class RingMemory(
    SimNode node, string path, ulong clientId, ulong ringId, long capacity, int producerPid, SimProcess? producer)
{
    private readonly LinkedList<RingFrame> frames = new();

    public SimNode Node => node;

    public string Path => path;

    public ulong ClientId => clientId;

    public ulong RingId => ringId;

    public long Capacity => capacity;

    public int ProducerPid => producerPid;

    /// <summary>Name of the Keeper that goes on with it after a restart.</summary>
    public required string Owner { get; init; }

    /// <summary>Of the Keeper's process that made it.</summary>
    public ulong KeeperProcessId { get; init; }

    public SimProcess? Producer => producer;

    /// <summary>Frames from the consumer's position on, padding included.</summary>
    public LinkedList<RingFrame> Frames => frames;

    /// <summary>Reserved by producers.</summary>
    public long Tail { get; private set; }

    /// <summary>Published by the consumer: in its journal.</summary>
    public long Consumed { get; set; }

    /// <summary>Published by the consumer: on its device.</summary>
    public long Durable { get; set; }

    /// <summary>No producer may reserve any more.</summary>
    public bool IsClosed { get; set; }

    /// <summary>The producer closed it in order.</summary>
    public bool IsProducerClosed { get; set; }

    /// <summary>Monotonic nanoseconds of the node: the consumer lived then.</summary>
    public long Heartbeat { get; set; } = node.Monotonic;

    /// <summary>The file is gone: nobody can map it again.</summary>
    public bool IsUnlinked { get; set; }

    /// <summary>Reserves room for a frame; null while the ring is full.</summary>
    public RingFrame? TryReserve(int recordLength)
    {
        int length = RecordFrame.AlignedLength(RecordFrame.HeaderLength + recordLength);
        long untilEnd = capacity - (Tail % capacity);
        long padding = untilEnd < length ? untilEnd : 0;
        if (Tail + padding + length - Consumed > capacity)
        {
            return null;
        }

        if (padding > 0)
        {
            Append((int)padding).IsPadding = true;
        }

        return Append(length);
    }

    private RingFrame Append(int length)
    {
        var frame = new RingFrame(Tail, length);
        Tail += length;
        frames.AddLast(frame);
        return frame;
    }
}

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

    /// <summary>The Keeper's end of a mirrored ring: the Keeper itself appends to it.</summary>
    public bool IsMirror { get; init; }

    /// <summary>Of the client's end of a mirrored ring: the Keeper's; null for others.</summary>
    public RingMemory? KeeperEnd { get; init; }

    /// <summary>Of the Keeper's end: the client's, once it is mapped.</summary>
    public RingMemory? ClientEnd { get; set; }

    /// <summary>It went with its node's power.</summary>
    public bool IsLost { get; set; }

    /// <summary>What it holds is in another ring, too.</summary>
    public bool IsMoved { get; set; }

    /// <summary>Of a Keeper's end: nothing will be fed any more.</summary>
    public bool TakesNothing => IsLost || IsUnlinked || IsClosed;

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

    /// <summary>It was the consumer that closed it.</summary>
    public bool IsFenced { get; set; }

    /// <summary>The producer closed it in order.</summary>
    public bool IsProducerClosed { get; set; }

    /// <summary>Monotonic nanoseconds of the node: the consumer lived then.</summary>
    public long Heartbeat { get; set; } = node.Monotonic;

    /// <summary>The file is gone: nobody can map it again.</summary>
    public bool IsUnlinked { get; set; }

    public bool HasRoom(int recordLength)
    {
        int length = Aligned(recordLength);
        return Tail + Padding(length) + length - Consumed <= capacity;
    }

    /// <summary>The producer closes it in order.</summary>
    public void CloseByProducer() => IsClosed = IsProducerClosed = true;

    /// <summary>Reserves room for a frame; null while the ring is full.</summary>
    public RingFrame? TryReserve(int recordLength)
    {
        if (!HasRoom(recordLength))
        {
            return null;
        }

        int length = Aligned(recordLength);
        long padding = Padding(length);
        if (padding > 0)
        {
            Append((int)padding, 0).IsPadding = true;
        }

        return Append(length, recordLength);
    }

    /// <summary>A span of the client's end is appended as it lies there, if it is the next one.</summary>
    public bool TryFeed(long from, ReadOnlySpan<byte> bytes)
    {
        if (from != Tail || IsClosed)
        {
            return false;
        }

        while (!bytes.IsEmpty)
        {
            int length = BitConverter.ToInt32(bytes);
            bool isPadding = (length & RecordFrame.PaddingFlag) != 0;
            int whole = isPadding ? length & ~RecordFrame.PaddingFlag : RecordFrame.AlignedLength(length);
            RingFrame frame = Append(whole, isPadding ? 0 : length - RecordFrame.HeaderLength);
            frame.IsPadding = isPadding;
            frame.Bytes = isPadding ? null : bytes[..whole].ToArray();
            bytes = bytes[whole..];
        }

        return true;
    }

    /// <summary>What the Keeper's end has not got is promised no more: the client is gone, or its Keeper.</summary>
    public void Orphan()
    {
        if (KeeperEnd is { } end && !IsMoved)
        {
            foreach (RingFrame frame in frames.Where(frame => end.IsLost || frame.Position >= end.Tail))
            {
                if (frame.Event is { } recorded)
                {
                    recorded.MayBeLost = true;
                }
            }
        }
    }

    private static int Aligned(int recordLength) => RecordFrame.AlignedLength(RecordFrame.HeaderLength + recordLength);

    private long Padding(int length)
    {
        long untilEnd = capacity - (Tail % capacity);
        return untilEnd < length ? untilEnd : 0;
    }

    private RingFrame Append(int length, int recordLength)
    {
        var frame = new RingFrame(Tail, length) { RecordLength = recordLength };
        Tail += length;
        frames.AddLast(frame);
        return frame;
    }
}

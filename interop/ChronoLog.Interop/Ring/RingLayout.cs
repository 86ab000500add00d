namespace ChronoLog.Interop.Ring;

/// <summary>
/// Offsets in a ring's header; the protocol and the reasons stand in <c>native/include/chrono_ring.h</c>.
/// </summary>
/// <remarks>
/// <code>
///    0  identity: magic, version, capacity, client, keeper, epoch, ring, pids      the consumer, at creation
///  256  tail u64 | consumed_seen u64                                               producers, at every event
///  384  waiters u32 | producer_state u32                                           producers, when they wait or close
///  512  consumed u64 | consuming u64                                               the consumer, at every batch
///  640  durable u64 | heartbeat_ns u64 | consumer_state u32 | wake u32             the consumer, now and then
/// 4096  data
/// </code>
/// </remarks>
public static class RingLayout
{
    public const int HeaderBytes = 4096;

    public const int TailOffset = 256;
    public const int ConsumedSeenOffset = 264;
    public const int WaitersOffset = 384;
    public const int ProducerStateOffset = 388;
    public const int ConsumedOffset = 512;
    public const int ConsumingOffset = 520;
    public const int DurableOffset = 640;
    public const int HeartbeatOffset = 648;
    public const int ConsumerStateOffset = 656;
    public const int WakeOffset = 660;

    /// <summary>Bit 63 of the tail: no further reservation.</summary>
    public const ulong TailClosed = 1UL << 63;

    /// <summary>The value of the two state words once their side has closed the ring.</summary>
    public const uint StateClosed = 1;

    public const long CapacityMin = 64L << 10;
    public const long CapacityMax = 1L << 30;

    /// <summary>The longest record in any ring: every buffer on an event's way must hold it.</summary>
    public const int RecordBytesMax = 16 << 20;

    private const int RecordCapacityShare = 8;

    /// <summary>The longest record that a ring of the given capacity takes.</summary>
    public static int RecordBytesMaxFor(long capacity) =>
        (int)Math.Min(capacity / RecordCapacityShare, RecordBytesMax);
}

using ChronoLog.Core.Ports;

namespace ChronoLog.Keeper.Ingestion;

/// <summary>
/// A ring in use. Who writes what: the ingestion thread consumes and publishes <see cref="Indexed"/>, the syncing
/// thread publishes the durable position, the role's strand opens and removes; the flags only ever go from false to
/// true.
/// </summary>
public sealed class RingSession(IRecordingRing ring, ulong clientId, uint pid)
{
    private long indexed = ring.Consumed;
    private long durable = ring.Consumed;
    private volatile bool isClosing;
    private volatile bool isDrained;
    private volatile bool isDetached;

    public IRecordingRing Ring { get; } = ring;

    public ulong ClientId { get; } = clientId;

    public uint Pid { get; } = pid;

    /// <summary>Everything before this position is in the journal and in the pipelines. From any thread.</summary>
    public long Indexed => Volatile.Read(ref indexed);

    /// <summary>The client asked to close it: nothing more will be reserved.</summary>
    public bool IsClosing
    {
        get => isClosing;
        set => isClosing = value;
    }

    /// <summary>Nothing is left in it and nothing will come: to be removed.</summary>
    public bool IsDrained
    {
        get => isDrained;
        set => isDrained = value;
    }

    /// <summary>It broke the protocol and is not followed any more: to be removed.</summary>
    public bool IsDetached
    {
        get => isDetached;
        set => isDetached = value;
    }

    /// <summary>Position published as durable last. Written by the syncing thread.</summary>
    public long Durable
    {
        get => Volatile.Read(ref durable);
        set
        {
            Volatile.Write(ref durable, value);
            Progressed?.Invoke();
        }
    }

    /// <summary>Monotonic nanoseconds of the next look at the producer's process. Ingestion thread.</summary>
    public long NextProducerCheck { get; set; }

    /// <summary>Its last batch had events of priority stories. Ingestion thread.</summary>
    public bool HasPriority { get; set; }

    /// <summary>Monotonic nanoseconds of the next beat. Ingestion thread.</summary>
    public long NextBeat { get; set; }

    /// <summary>Told, on the thread that did it, that the ring's positions have changed; null: nobody asks.</summary>
    public Action? Progressed { get; set; }

    public void PublishIndexed(long position)
    {
        Volatile.Write(ref indexed, position);
        Progressed?.Invoke();
    }
}

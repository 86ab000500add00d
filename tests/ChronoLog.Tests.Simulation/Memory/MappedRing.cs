namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>A ring as a client's recorder sees it: what <c>chrono_ring</c> has in the client's own memory.</summary>
internal sealed class MappedRing(RingMemory memory)
{
    private long finalTail;
    private long finalConsumed;
    private long finalDurable;

    public RingMemory Memory => memory;

    /// <summary>Where its events go, from the moment that it is left.</summary>
    public MappedRing? Forward { get; set; }

    /// <summary>What its Keeper had not consumed is with <see cref="Forward"/>.</summary>
    public bool IsMoved { get; set; }

    /// <summary>Below this its Keeper's journal is needed.</summary>
    public long Kept { get; set; }

    public long MovePosition { get; set; }

    public long MovedFrom { get; set; }

    /// <summary>Behind the last copy in <see cref="Forward"/>.</summary>
    public long MovedEnd { get; set; }

    public long EventsMoved { get; set; }

    public bool IsRetired { get; private set; }

    public long Tail => IsRetired ? finalTail : memory.Tail;

    /// <summary>Where the last of the chain stands.</summary>
    public MappedRing Whereabouts => Forward?.Whereabouts ?? this;

    public long Position(bool isDurable) => (IsRetired, isDurable) switch
    {
        (true, true) => finalDurable,
        (true, false) => finalConsumed,
        (false, true) => memory.Durable,
        _ => memory.Consumed,
    };

    public void Retire(long consumed)
    {
        (finalTail, finalConsumed, finalDurable) = (memory.Tail, consumed, memory.Durable);
        IsRetired = true;
    }
}

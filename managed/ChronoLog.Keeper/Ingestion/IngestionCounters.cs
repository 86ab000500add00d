namespace ChronoLog.Keeper.Ingestion;

/// <summary>What one ingestion thread has done. Written by that thread, read by anyone.</summary>
public sealed class IngestionCounters
{
    private long events;
    private long bytes;
    private long farFuture;
    private long tooOld;
    private long blocked;
    private long abandonedBytes;
    private long detachedRings;

    /// <summary>Events indexed.</summary>
    public long Events => Volatile.Read(ref events);

    /// <summary>Bytes of frames journaled.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Events journaled and not indexed, because their tick lies too far in the future.</summary>
    public long FarFuture => Volatile.Read(ref farFuture);

    /// <summary>Events journaled and not indexed, because their tick lies too far back.</summary>
    public long TooOld => Volatile.Read(ref tooOld);

    /// <summary>Times that a ring had to wait because the journal took nothing.</summary>
    public long Blocked => Volatile.Read(ref blocked);

    /// <summary>Bytes that dead producers had reserved and never committed.</summary>
    public long AbandonedBytes => Volatile.Read(ref abandonedBytes);

    /// <summary>Rings that broke the protocol.</summary>
    public long DetachedRings => Volatile.Read(ref detachedRings);

    internal void AddBatch(in BatchTally tally, long frameBytes)
    {
        Volatile.Write(ref events, events + tally.Events);
        Volatile.Write(ref farFuture, farFuture + tally.FarFuture);
        Volatile.Write(ref tooOld, tooOld + tally.TooOld);
        Volatile.Write(ref bytes, bytes + frameBytes);
    }

    internal void AddBlocked() => Volatile.Write(ref blocked, blocked + 1);

    internal void AddAbandoned(long skipped) => Volatile.Write(ref abandonedBytes, abandonedBytes + skipped);

    internal void AddDetached() => Volatile.Write(ref detachedRings, detachedRings + 1);
}

using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Consecutive events that lie in memory as columns (a part of a StoryFile): they go into a page column by column, without
/// an entry being made for each; or they become a run, to be merged with others. Holds a reference on the block.
/// </summary>
public sealed class ColumnSlice : IDisposable
{
    private readonly PayloadBlock block;
    private readonly ColumnPlaces places;
    private readonly ulong firstOffset;
    private int disposed;

    private ColumnSlice(PayloadBlock block, in ColumnPlaces places, int count, ColumnOrder.Kind order)
    {
        block.AddReference();
        this.block = block;
        this.places = places;
        Count = count;
        IsStrict = order == ColumnOrder.Kind.Strict;
        ReadOnlySpan<ulong> offsets = Values<ulong>(places.RecordOffset, count + 1);
        firstOffset = offsets[0];
        RecordBytes = (long)(offsets[count] - firstOffset);
        First = SequenceAt(0);
        Last = SequenceAt(count - 1);
    }

    /// <summary>Events, at least 1.</summary>
    public int Count { get; }

    /// <summary>Bytes of their records, arrival stamps included.</summary>
    public long RecordBytes { get; }

    /// <summary>The records are preceded by arrival stamps.</summary>
    public bool IsStamped => places.IsStamped;

    public EventSequence First { get; }

    public EventSequence Last { get; }

    /// <summary>No two have the same EventSequence.</summary>
    public bool IsStrict { get; }

    /// <summary>Looks at the order of the events; null when they are not in order.</summary>
    /// <param name="block">Everything lies in it; receives a reference.</param>
    /// <param name="places">Where.</param>
    /// <param name="count">
    /// Events, at least 1. The caller has checked that their offsets ascend and lie within the block, and that no record is
    /// longer than 2^31 - 1 bytes.
    /// </param>
    public static ColumnSlice? TryOver(PayloadBlock block, in ColumnPlaces places, int count)
    {
        ColumnOrder.Kind order = ColumnOrder.Of(
            Values<ulong>(places.EventTime, count),
            Values<ulong>(places.ClientId, count),
            Values<uint>(places.EventIndex, count));
        return order == ColumnOrder.Kind.Broken ? null : new ColumnSlice(block, places, count, order);
    }

    /// <summary>The events as a run with references of its own; the caller releases it.</summary>
    public EventRun ToRun()
    {
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        return places.ToRun(block, Count, RecordBytes);
    }

    /// <summary>Copies everything into the columns of an image of the same size.</summary>
    internal void CopyTo(in ColumnImageSpans target)
    {
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        Values<byte>(places.Records + (nint)firstOffset, (int)RecordBytes).CopyTo(target.Records);
        Values<ulong>(places.EventTime, Count).CopyTo(target.EventTime);
        Values<ulong>(places.ClientId, Count).CopyTo(target.ClientId);
        Values<uint>(places.EventIndex, Count).CopyTo(target.EventIndex);
        ColumnOrder.Subtract(Values<ulong>(places.RecordOffset, Count), firstOffset, target.RecordOffset);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            block.Release();
        }
    }

    private static unsafe ReadOnlySpan<T> Values<T>(nint address, int count)
        where T : unmanaged => new((void*)address, count);

    private EventSequence SequenceAt(int index) => new(
        Values<ulong>(places.EventTime, Count)[index],
        Values<ulong>(places.ClientId, Count)[index],
        Values<uint>(places.EventIndex, Count)[index]);
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <content>
/// The two ends of a mirrored ring. The client's: what is committed is read ahead of the consumer's position, which
/// follows the Keeper's. The Keeper's: spans of the client's end are appended as they are.
/// </content>
public sealed unsafe partial class SharedRing
{
    /// <summary>True when no producer can reserve any more, whoever closed the ring.</summary>
    public bool IsClosed
    {
        get
        {
            lock (mapping)
            {
                return disposed || RawTail() >= RingLayout.TailClosed;
            }
        }
    }

    public int CommittedAfter(long from, int maxBytes)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        long available = CheckedTail() - from;
        if (available <= 0 || from < position)
        {
            return 0;
        }

        int offset = (int)(from & (CapacityBytes - 1));
        int limit = (int)Math.Min(available, CapacityBytes - offset);
        int walked = Walk(from, limit, maxBytes);
        if (walked == limit || (walked > 0 && walked >= maxBytes))
        {
            return walked;
        }

        int padding = Padding(from + walked, offset + walked, limit - walked);
        return walked == 0 || walked + padding <= maxBytes ? walked + padding : walked;
    }

    public void Copy(long from, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        int offset = (int)(from & (CapacityBytes - 1));
        ArgumentOutOfRangeException.ThrowIfLessThan(from, position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from + destination.Length, CheckedTail());
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, CapacityBytes - offset);
        new ReadOnlySpan<byte>(data + offset, destination.Length).CopyTo(destination);
    }

    public void ConsumeThrough(long through)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(through, CheckedTail());
        AdvanceTo(through);
    }

    /// <summary>The path is free again; the mappings stay.</summary>
    public void Unlink() => File.Delete(Path);

    public bool TryFeed(long from, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        long offset = from & (CapacityBytes - 1);
        bool isAligned = ((from | (long)bytes.Length) & (RecordFrame.Alignment - 1)) == 0;
        if (!IsMirror || from < 0 || !isAligned || bytes.IsEmpty || bytes.Length > CapacityBytes - offset
            || from + bytes.Length - Consumed > CapacityBytes)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"ring {RingId} of client {ClientId}: {bytes.Length} bytes do not fit at position {from} of "
                + $"{CapacityBytes} bytes, {Consumed} of which are consumed");
        }

        if (RawTail() != (ulong)from)
        {
            return false; // another span is next, or the ring is closed
        }

        bytes.CopyTo(new Span<byte>(data + offset, bytes.Length));
        ref ulong tail = ref *(ulong*)(header + RingLayout.TailOffset);
        return Interlocked.CompareExchange(ref tail, (ulong)(from + bytes.Length), (ulong)from) == (ulong)from;
    }

    private void AdvanceTo(long goal)
    {
        while (position < goal)
        {
            long toEnd = CapacityBytes - (position & (CapacityBytes - 1));
            Advance((int)Math.Min(toEnd, goal - position));
        }
    }
}

using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <content>Everything that is read from the producers' memory is read, and checked, here.</content>
public sealed unsafe partial class SharedRing
{
    /// <summary>Bytes of whole, committed, plausible frames from a position on.</summary>
    private int Walk(long at, int limit, int maxBytes)
    {
        byte* frames = data + (at & (CapacityBytes - 1));
        int walked = 0;
        while (walked < limit)
        {
            int length = Volatile.Read(ref *(int*)(frames + walked));
            if (length <= 0 || (length & RecordFrame.PaddingFlag) != 0)
            {
                break;
            }

            if ((uint)(length - RecordFrame.HeaderLength) > (uint)recordBytesMax)
            {
                throw Corrupt(at + walked, $"a frame of {length} bytes");
            }

            int aligned = RecordFrame.AlignedLength(length);
            if (aligned > limit - walked)
            {
                throw Corrupt(at + walked, $"a frame of {length} bytes with {limit - walked} reserved");
            }

            if (walked + aligned > maxBytes && walked != 0)
            {
                break;
            }

            walked += aligned;
        }

        return walked;
    }

    private bool TryPassPadding(int offset, int limit)
    {
        int padding = Padding(position, offset, limit);
        if (padding > 0)
        {
            Advance(padding);
        }

        return padding > 0;
    }

    /// <summary>Bytes of the padding that begins at a position; 0 = none does.</summary>
    private int Padding(long at, int offset, int limit)
    {
        int length = Volatile.Read(ref *(int*)(data + offset));
        if (length <= 0 || (length & RecordFrame.PaddingFlag) == 0)
        {
            return 0;
        }

        // A frame is padded only when it does not fit, so padding is shorter than the longest frame.
        int padding = length & ~RecordFrame.PaddingFlag;
        if (padding != CapacityBytes - offset || padding > limit || padding > recordBytesMax + RecordFrame.HeaderLength)
        {
            throw Corrupt(at, $"padding of {padding} bytes, {CapacityBytes - offset} from the end");
        }

        return padding;
    }

    /// <summary>
    /// A reservation that was not even marked has stored nothing: its bytes are zero up to the next marked one.
    /// </summary>
    private static int UnmarkedBytes(byte* start, int limit)
    {
        int zeros = new ReadOnlySpan<byte>(start, limit).IndexOfAnyExcept((byte)0);

        // At least one word, whatever was written since the length was read as 0: the caller must get on.
        return zeros < 0 ? limit : Math.Max(zeros & ~(RecordFrame.Alignment - 1), RecordFrame.Alignment);
    }

    /// <summary>A marked reservation knows its size.</summary>
    private int AbandonedBytes(int length, int limit)
    {
        int reserved = length == int.MinValue ? int.MaxValue : -length;
        if (reserved < RecordFrame.HeaderLength || reserved > limit)
        {
            throw Corrupt(position, $"a reservation of {reserved} bytes with {limit} reserved in all");
        }

        return RecordFrame.AlignedLength(reserved);
    }

    /// <summary>The tail, if it can be one: at most a lap ahead of the consumer, and aligned.</summary>
    private long CheckedTail()
    {
        ulong tail = RawTail() & ~RingLayout.TailClosed;
        ulong ahead = tail - (ulong)position;
        if (ahead > (ulong)CapacityBytes || (tail & (RecordFrame.Alignment - 1)) != 0)
        {
            throw Corrupt(position, $"a tail at {tail}");
        }

        return (long)tail;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ChronoLogException Corrupt(long at, string what) => new(
        Status.Corrupt,
        $"ring {RingId} of client {ClientId} ({Path}) breaks the protocol at position {at} of {CapacityBytes} bytes: "
        + $"{what}; the client's process has overwritten its ring and must connect again");
}

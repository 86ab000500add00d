using ChronoLog.Core.Model;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <content>Going on with a ring after the Keeper's process died, at any instruction.</content>
public sealed unsafe partial class SharedRing
{
    /// <summary>
    /// Moves to where the earlier process had got. It journals first, then states what it will zero, zeroes, and
    /// publishes: so the greatest of the three positions is right, and what lies below it is zeroed once more.
    /// </summary>
    /// <param name="journaled">The position that the journal knows; 0 if none.</param>
    /// <exception cref="Core.Protocol.ChronoLogException">
    /// <see cref="Core.Protocol.Status.Corrupt"/>: the header's positions cannot be.
    /// </exception>
    internal void Resume(long journaled)
    {
        ulong tail = RawTail() & ~RingLayout.TailClosed;
        ulong consumed = Volatile.Read(ref *(ulong*)(header + RingLayout.ConsumedOffset));
        ulong consuming = Volatile.Read(ref *(ulong*)(header + RingLayout.ConsumingOffset));
        ulong goal = Math.Max(Math.Max(consumed, consuming), (ulong)Math.Max(0, journaled));
        if (((consumed | goal | tail) & (RecordFrame.Alignment - 1)) != 0
            || goal > tail || tail - consumed > (ulong)CapacityBytes)
        {
            throw Corrupt((long)goal, $"positions {consumed} consumed, {consuming} consuming, {tail} reserved, "
                + $"{journaled} in the journal");
        }

        position = (long)consumed;
        AdvanceTo((long)goal);

        // Producers may have waited since the earlier process died.
        Volatile.Write(ref *(ulong*)(header + RingLayout.HeartbeatOffset), ClockHandle.MonotonicNanoseconds);
        handle.Wake();
    }
}

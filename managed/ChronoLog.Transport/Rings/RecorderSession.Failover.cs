using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <content>Leaving a ring whose Keeper stays away for another Keeper's.</content>
public sealed partial class RecorderSession
{
    /// <summary>
    /// Says that somebody replaces rings that are closed: recording waits for that, within its timeout, instead of
    /// failing at once.
    /// </summary>
    public bool ReplacesRings
    {
        set => handle.ExpectRings(value);
    }

    /// <summary>How long the ring's Keeper has given no sign of life, and whether it has closed the ring.</summary>
    public (TimeSpan Silence, bool IsClosed) Look(RecorderRing ring)
    {
        int status = handle.RingSilence(ring.Slot, out ulong nanoseconds);
        return status is NativeStatus.Ok or NativeStatus.Fenced
            ? (TimeSpan.FromMicroseconds(nanoseconds / 1000.0), status == NativeStatus.Fenced)
            : throw NativeFailure.Exception(status, $"looking at ring '{ring.Path}'");
    }

    /// <summary>
    /// Leaves a ring for another one: recording threads use that at once, what the first one's Keeper has not consumed
    /// follows with the ticks and indexes it has, and flushes follow too.
    /// </summary>
    /// <param name="from">Closed by this. To be retired afterwards (<see cref="TryRetireRing"/>).</param>
    /// <param name="to">Another Keeper's, or the same one's new ring.</param>
    /// <param name="timeout">For the copying, not for the switch.</param>
    /// <param name="events">Copied so far.</param>
    /// <returns>False: the target is full or gone; call again, with this target or another one.</returns>
    public bool TryMoveRing(RecorderRing from, RecorderRing to, TimeSpan timeout, out long events)
    {
        int status = handle.MoveRing(from.Slot, to.Slot, FlushWait.Nanoseconds(timeout), out events);
        return status switch
        {
            NativeStatus.Ok => true,
            NativeStatus.TimedOut or NativeStatus.NoKeeper or NativeStatus.Fenced or NativeStatus.WouldBlock => false,
            _ => throw NativeFailure.Exception(status, $"leaving ring '{from.Path}' for '{to.Path}'"),
        };
    }
}

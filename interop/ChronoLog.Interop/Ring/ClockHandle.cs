using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>The base clock of this process in native memory, where C reads it at every event.</summary>
public sealed class ClockHandle : SafeHandle
{
    /// <summary>A rate of exactly 1, as 32.32 fixed point.</summary>
    public const ulong RateOne = 1UL << 32;

    private ClockHandle()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>CLOCK_MONOTONIC in nanoseconds: the scale of a clock's base.</summary>
    public static ulong MonotonicNanoseconds => ClockNative.Monotonic();

    /// <summary>Now, as a ChronoTick; 0 before the clock is set.</summary>
    public ulong Now
    {
        get
        {
            ulong now = ClockNative.Now(handle);
            GC.KeepAlive(this);
            return now;
        }
    }

    /// <summary>The uncertainty that was given with the parameters in force, in nanoseconds.</summary>
    public ulong UncertaintyNanoseconds
    {
        get
        {
            ulong uncertainty = ClockNative.Uncertainty(handle);
            GC.KeepAlive(this);
            return uncertainty;
        }
    }

    /// <summary>A clock that reads 0 until it is set.</summary>
    public static ClockHandle Create()
    {
        var clock = new ClockHandle();
        clock.SetHandle(ClockNative.Create());
        return clock.IsInvalid ? throw new OutOfMemoryException("no memory for the clock") : clock;
    }

    /// <summary>Publishes new parameters; one thread at a time.</summary>
    /// <returns>
    /// By how many nanoseconds the clock is ahead of what was asked, because it never goes back; -1: bad rate.
    /// </returns>
    public long Set(ulong baseMonotonicNanoseconds, ulong baseTick, ulong rate, ulong uncertaintyNanoseconds)
    {
        long ahead = ClockNative.Set(handle, baseMonotonicNanoseconds, baseTick, rate, uncertaintyNanoseconds);
        GC.KeepAlive(this);
        return ahead;
    }

    protected override bool ReleaseHandle()
    {
        ClockNative.Destroy(handle);
        return true;
    }
}

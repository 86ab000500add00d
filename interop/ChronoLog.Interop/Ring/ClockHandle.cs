using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>The base clock of this process in native memory, where C reads it at every event.</summary>
public sealed class ClockHandle : SafeHandle
{
    /// <summary>A rate of exactly 1, as 32.32 fixed point.</summary>
    public const ulong RateOne = 1UL << 32;

    private const uint SourceCounter = 2; // CHRONO_CLOCK_TSC

    private ClockHandle()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Counts per second of the processor's time stamp counter; 0 when it is not used.</summary>
    public static ulong CounterHertz => ClockNative.TscHertz();

    /// <summary>Why the processor's time stamp counter is not used; empty when it is.</summary>
    public static string CounterRefusal => Marshal.PtrToStringUTF8(ClockNative.TscRefusal()) ?? "";

    /// <summary>CLOCK_MONOTONIC in nanoseconds.</summary>
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

    /// <summary>The local clock, in nanoseconds: the scale of a line's beginning.</summary>
    public ulong Local
    {
        get
        {
            ulong local = ClockNative.Local(handle);
            GC.KeepAlive(this);
            return local;
        }
    }

    /// <summary>Whether the local clock is the processor's time stamp counter; else it is CLOCK_MONOTONIC.</summary>
    public bool IsCounter
    {
        get
        {
            uint source = ClockNative.SourceOf(handle);
            GC.KeepAlive(this);
            return source == SourceCounter;
        }
    }

    /// <summary>Half width of the interval around <see cref="Now"/> that holds the base clock, in nanoseconds.</summary>
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
    public long Set(ulong baseLocalNanoseconds, ulong baseTick, ulong rate, ulong uncertaintyNanoseconds)
    {
        long ahead = ClockNative.Set(handle, baseLocalNanoseconds, baseTick, rate, uncertaintyNanoseconds);
        GC.KeepAlive(this);
        return ahead;
    }

    /// <inheritdoc cref="Set"/>
    public long Steer(in NativeClockLine line)
    {
        long ahead = ClockNative.Steer(handle, line);
        GC.KeepAlive(this);
        return ahead;
    }

    /// <summary>Compares the counter with CLOCK_MONOTONIC; one thread at a time.</summary>
    /// <returns>False: they disagree, and the clock goes on with CLOCK_MONOTONIC.</returns>
    public bool Verify()
    {
        bool isTheSame = ClockNative.Verify(handle) != 0;
        GC.KeepAlive(this);
        return isTheSame;
    }

    protected override bool ReleaseHandle()
    {
        ClockNative.Destroy(handle);
        return true;
    }
}

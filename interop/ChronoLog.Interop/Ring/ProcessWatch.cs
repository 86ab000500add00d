using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>Watches another process by pidfd: a recycled pid is not mistaken for it.</summary>
public sealed class ProcessWatch : SafeHandle
{
    private ProcessWatch(int watch)
        : base(-1, ownsHandle: true)
    {
        SetHandle(watch);
    }

    public override bool IsInvalid => handle < 0;

    /// <summary>One non-blocking poll.</summary>
    public bool IsAlive
    {
        get
        {
            bool alive = RingNative.Alive((int)handle) != 0;
            GC.KeepAlive(this);
            return alive;
        }
    }

    /// <summary>
    /// Null with <see cref="NativeStatus.Closed"/> when there is no such process, or another status
    /// when it cannot be watched.
    /// </summary>
    public static ProcessWatch? Open(int pid, out int status)
    {
        int watch = RingNative.Watch(pid);
        status = Math.Min(watch, NativeStatus.Ok);
        return watch >= 0 ? new ProcessWatch(watch) : null;
    }

    protected override bool ReleaseHandle()
    {
        RingNative.Unwatch((int)handle);
        return true;
    }
}

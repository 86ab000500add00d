namespace ChronoLog.Interop.Fabric;

/// <summary>
/// The fi_errno values that callers tell apart, as libfabric returns them (negative). Most are the system's errno.
/// </summary>
public static class FabricError
{
    /// <summary>Not now: the queue is full, the connection is not up yet, or nothing completed.</summary>
    public const int TryAgain = -11;

    /// <summary>
    /// A wait was interrupted: the process was stopped and goes on, or the runtime signalled the thread.
    /// </summary>
    public const int Interrupted = -4;

    public const int NoData = -61;

    /// <summary>A wait was ended by a signal (sockets).</summary>
    public const int Cancelled = -125;

    /// <summary>A failed completion waits to be read (FI_EAVAIL).</summary>
    public const int ErrorAvailable = -259;

    /// <summary>A region with this key exists already (FI_ENOKEY).</summary>
    public const int NoKey = -266;
}

namespace ChronoLog.Interop.Ring;

/// <summary>
/// Status codes of libchrono_native (<c>chrono_status.h</c>): 0, or a negated status of the control plane.
/// </summary>
public static class NativeStatus
{
    public const int Ok = 0;

    /// <summary>Nobody knows whether the event is stored; at most once it is.</summary>
    public const int Unknown = -1;
    public const int Invalid = -2;
    public const int Closed = -5;
    public const int NoKeeper = -7;
    public const int Forked = -8;
    public const int Refused = -9;
    public const int TimedOut = -12;
    public const int Version = -13;
    public const int TooLong = -15;
    public const int NoSpace = -16;
    public const int Corrupt = -17;
    public const int System = -19;
    public const int Fenced = -20;

    /// <summary>Only from functions whose name begins with Try: the one that waits has to be called.</summary>
    public const int WouldBlock = -100;

    /// <summary>A given tick lies further back than the late bound.</summary>
    public const int TooOld = -101;

    /// <summary>A given tick lies further ahead than the future bound.</summary>
    public const int TooNew = -102;

    /// <summary>The writer was not opened for given ticks.</summary>
    public const int NotDeclared = -103;
}

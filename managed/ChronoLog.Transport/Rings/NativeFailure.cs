using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>The funnel from a status of libchrono_native to an exception.</summary>
internal static class NativeFailure
{
    /// <summary>The exception for a status, with what was being done and to what.</summary>
    internal static ChronoLogException Exception(int status, string doing, string? cause = null)
    {
        string why = string.IsNullOrEmpty(cause) ? Explain(status) : cause;
        return new ChronoLogException(StatusOf(status), $"{doing}: {why}");
    }

    private static Status StatusOf(int status) => status switch
    {
        NativeStatus.System => Status.Internal,
        NativeStatus.WouldBlock => Status.TimedOut,
        < 0 when Enum.IsDefined((Status)(-status)) => (Status)(-status),
        _ => Status.Internal,
    };

    private static string Explain(int status) => status switch
    {
        NativeStatus.Unknown => "the event is in fewer Keepers' rings than it has replicas; it is stored at most once",
        NativeStatus.Invalid => "an argument is not valid, or the clock was never set",
        NativeStatus.Closed => "the story is not acquired by this client any more",
        NativeStatus.NoKeeper => "no Keeper takes events: it is gone, or has not consumed for seconds",
        NativeStatus.Forked => "the client belongs to the parent process; connect again after fork",
        NativeStatus.TimedOut => "the time is up",
        NativeStatus.TooLong => "the record is longer than the ring takes",
        NativeStatus.Fenced => "the Keeper has closed the ring",
        NativeStatus.Corrupt => "the ring breaks the protocol",
        NativeStatus.WouldBlock => "the Keeper has not consumed all of it yet",
        _ => $"status {status} of libchrono_native",
    };
}

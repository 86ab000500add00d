using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>What the flushes of session and story have in common.</summary>
internal static class FlushWait
{
    /// <param name="level">Asked for.</param>
    /// <param name="replicas">Of the story; 1 for all stories of a client.</param>
    internal static int NativeLevel(DurabilityLevel level, int replicas = 1)
    {
        if (level <= DurabilityLevel.Synced || (level == DurabilityLevel.Replicated && replicas > 1))
        {
            return (int)level;
        }

        throw new ChronoLogException(
            Status.NotSupported,
            level == DurabilityLevel.Replicated
                ? "each event goes to one Keeper only: create the chronicle with replicas=2 to flush to level replicated"
                : $"a ring does not know when an event is {level}");
    }

    internal static ulong Nanoseconds(TimeSpan timeout) =>
        timeout == Timeout.InfiniteTimeSpan ? ulong.MaxValue : (ulong)Math.Max(0, timeout.Ticks) * 100;

    internal static void Check(int status, DurabilityLevel level, string what, string? trouble = null)
    {
        if (status != NativeStatus.Ok)
        {
            throw NativeFailure.Exception(
                status, $"flushing {what} to level {level}", status is NativeStatus.TimedOut or NativeStatus.NoKeeper ? trouble : null);
        }
    }

    internal static bool IsReached(int status, DurabilityLevel level, string what)
    {
        if (status == NativeStatus.TimedOut)
        {
            return false;
        }

        Check(status, level, what);
        return true;
    }
}

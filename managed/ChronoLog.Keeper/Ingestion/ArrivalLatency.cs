using ChronoLog.Core.Time;

namespace ChronoLog.Keeper.Ingestion;

/// <summary>
/// How long events are on their way: from their ticks, on their clients' clocks, until they were taken from their ring, on the
/// Keeper's. Whatever lies between counts: clocks that disagree, a producer that lost its processor between its clock and its
/// commit, this thread's sleep. One ingestion thread's own.
/// </summary>
/// <param name="window">Gets the longest of each period: a batch comes every few microseconds, and the window is short.</param>
internal sealed class ArrivalLatency(LatencyWindow window)
{
    // With 256 kept, the window is the last 25 s that had events.
    private const long PeriodNanoseconds = 100_000_000;

    private ulong longest;
    private long end;

    /// <param name="oldest">ChronoTick of the oldest event of a batch.</param>
    /// <param name="arrival">ChronoTick at which it was taken.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    public void Note(ulong oldest, ulong arrival, long now)
    {
        if (oldest == ulong.MaxValue)
        {
            return;
        }

        longest = Math.Max(longest, ChronoTick.SubtractSaturating(arrival, oldest));
        if (now >= end)
        {
            window.Add(longest);
            longest = 0;
            end = now + PeriodNanoseconds;
        }
    }
}

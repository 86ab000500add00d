using System.Diagnostics;

namespace ChronoLog.Transport.Timing;

/// <summary>CLOCK_MONOTONIC in nanoseconds.</summary>
internal static class Monotonic
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    public static long Nanoseconds
    {
        get
        {
            long ticks = Stopwatch.GetTimestamp();
            return Stopwatch.Frequency == NanosecondsPerSecond
                ? ticks
                : (long)(ticks * (NanosecondsPerSecond / (double)Stopwatch.Frequency));
        }
    }
}

namespace ChronoLog.Core.Extraction;

/// <summary>
/// Waiting time before the next attempt: doubles from <paramref name="First"/> up to <paramref name="Longest"/>. No
/// jitter: a role retries its own disk or its one receiver, there is no crowd to spread.
/// </summary>
/// <param name="First">After the first failure.</param>
/// <param name="Longest">The ceiling.</param>
public readonly record struct RetryBackoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>100 ms to 10 s: soon enough for a restarted receiver, seldom enough for a full disk.</summary>
    public static RetryBackoff Default => new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10));

    /// <param name="attempt">The attempt that failed, from 1.</param>
    public TimeSpan After(int attempt)
    {
        const int DoublingsMax = 30;
        int doublings = Math.Clamp(attempt - 1, 0, DoublingsMax);
        double ticks = Math.Min((double)First.Ticks * (1L << doublings), Longest.Ticks);
        return TimeSpan.FromTicks((long)ticks);
    }
}

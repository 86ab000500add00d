using System.Diagnostics;

namespace ChronoLog.App.Commands;

/// <summary>Keeps a mean rate: what is due by now may be done at once.</summary>
/// <param name="rate">Per second; 0 = no bound.</param>
internal sealed class Pace(double rate)
{
    private readonly long started = Stopwatch.GetTimestamp();
    private long count;

    public bool IsDue => rate == 0 || count < Stopwatch.GetElapsedTime(started).TotalSeconds * rate;

    public void Count() => count++;

    /// <summary>Waits for about the next one; a stop ends the wait.</summary>
    public async Task WaitAsync(CancellationToken stop) =>
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(1000 / rate, 1, 1000)), stop)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}

using System.Diagnostics;
using ChronoLog.Client;

namespace ChronoLog.Bench.Following;

/// <summary>Records at a rate, on a thread of its own, and measures each call.</summary>
internal static class PacedWriter
{
    private const int RecordBytes = 100;

    /// <param name="story">Recorded into.</param>
    /// <param name="perSecond">Events.</param>
    /// <param name="count">Of all of them.</param>
    /// <param name="recorded">Called with each tick, and when its call began.</param>
    /// <returns>How long the calls took, and the seconds of all of them.</returns>
    public static Task<(Distribution Calls, double Seconds)> RunAsync(
        StoryHandle story, int perSecond, int count, Action<ulong, long>? recorded = null) => Task.Factory.StartNew(
        () =>
        {
            byte[] record = new byte[RecordBytes];
            double[] calls = new double[count];
            long begin = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                while (Stopwatch.GetElapsedTime(begin).TotalSeconds * perSecond < i)
                {
                    Thread.Sleep(TimeSpan.FromMicroseconds(Math.Min(1e6 / perSecond, 1000)));
                }

                long at = Stopwatch.GetTimestamp();
                ulong tick = story.LogEvent(record);
                calls[i] = Stopwatch.GetElapsedTime(at).TotalNanoseconds;
                recorded?.Invoke(tick, at);
            }

            return (Distribution.Of(calls), Stopwatch.GetElapsedTime(begin).TotalSeconds);
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}

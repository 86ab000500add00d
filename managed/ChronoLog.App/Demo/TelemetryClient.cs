using System.Diagnostics;
using ChronoLog.Client;

namespace ChronoLog.App.Demo;

/// <summary>One recording process of the demo: samples the machine for some seconds.</summary>
internal static class TelemetryClient
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(10);

    /// <param name="client">Connected.</param>
    /// <param name="chronicle">Exists.</param>
    /// <param name="story">Shared with other recorders.</param>
    /// <param name="subjects">See <see cref="TelemetrySource"/>.</param>
    /// <param name="samplesPerSecond">Of each subject.</param>
    /// <param name="duration">Then it flushes and ends.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>Events recorded.</returns>
    public static async Task<long> RunAsync(
        ChronoClient client,
        string chronicle,
        string story,
        IReadOnlyList<string> subjects,
        double samplesPerSecond,
        TimeSpan duration,
        CancellationToken cancellation)
    {
        using var source = new TelemetrySource(subjects);
        StoryHandle handle = await client.AcquireStoryAsync(chronicle, story, cancellation: cancellation);
        long started = Stopwatch.GetTimestamp();
        long samples = 0;
        long events = 0;
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            // What is due by now is sampled now: the mean rate holds although the sleep is no finer than a millisecond.
            while (samples < Stopwatch.GetElapsedTime(started).TotalSeconds * samplesPerSecond)
            {
                foreach (byte[] line in source.Sample())
                {
                    handle.LogEvent(line);
                    events++;
                }

                samples++;
            }

            await Task.Delay(1, cancellation);
        }

        await handle.FlushAsync(handle.Durability, FlushTimeout, cancellation);
        await client.ReleaseStoryAsync(chronicle, story, cancellation);
        return events;
    }
}

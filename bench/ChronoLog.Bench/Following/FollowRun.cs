using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ChronoLog.Bench.EndToEnd;
using ChronoLog.Client;

namespace ChronoLog.Bench.Following;

/// <summary>
/// How long an event takes to a follower, and what followers cost the recording: rows with many of them beside rows with none,
/// in turn, in one deployment.
/// </summary>
internal static class FollowRun
{
    private const int LatencyRate = 1000;

    // The client is compiled while it runs: its first pages are not what a page costs.
    private const int WarmUpEvents = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(FollowOptions options)
    {
        var deploymentOptions = new BenchOptions
        {
            Directory = options.Directory, Provider = options.Provider, WindowSeconds = 2,
        };
        foreach ((string name, string value) in MachineFacts.Read(deploymentOptions))
        {
            Console.WriteLine($"{name + ":",-21} {value}");
        }

        await using PrivateDeployment deployment = await PrivateDeployment.StartAsync(deploymentOptions);
        await using ChronoClient client = await deployment.ConnectAsync();
        Console.WriteLine($"\nlog_event to follower, same machine, {LatencyRate} events/s of 100 bytes, microseconds");
        Console.WriteLine("csv,mode,events,p50,p90,p99,max");
        foreach (PlaybackMode mode in (PlaybackMode[])[PlaybackMode.Immediate, PlaybackMode.Ordered])
        {
            Distribution found = await LatencyAsync(client, mode, options.Seconds * LatencyRate);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"csv,{mode},{options.Seconds * LatencyRate},{found.Median / 1e3:0},{found.P90 / 1e3:0},{found.P99 / 1e3:0},"
                + $"{found.Most / 1e3:0}"));
        }

        Console.WriteLine(
            $"\nrecording with followers (immediate, in {options.Processes} processes), {options.Rate} events/s of 100 bytes; "
            + "processor nanoseconds per event of Keeper and Player, calls of log_event in microseconds");
        Console.WriteLine("csv,followers,events,events_per_second,keeper_ns,player_ns,call_p50,call_p99,call_max,seen_after_seconds");
        foreach (int followers in options.Followers)
        {
            await RowAsync(options, deployment, client, 0);
            await RowAsync(options, deployment, client, followers);
        }

        await RowAsync(options, deployment, client, 0);
        Console.WriteLine($"load average after:   {MachineFacts.Load()}");
        return 0;
    }

    private static async Task<Distribution> LatencyAsync(ChronoClient client, PlaybackMode mode, int events)
    {
        string name = $"latency-{mode}";
        StoryHandle story = await client.AcquireStoryAsync(FollowerCrowd.Chronicle, name, createChronicle: true);
        ulong from = story.LogEvent("first"u8);
        var begun = new ConcurrentDictionary<ulong, long>();
        var arrived = new List<(ulong Tick, long At)>();
        int count = 0;
        using var stop = new CancellationTokenSource();
        Task following = Task.Run(async () =>
        {
            await foreach (PlaybackPage page in client.PlaybackAsync(FollowerCrowd.Chronicle, name, from, mode, stop.Token))
            {
                long at = Stopwatch.GetTimestamp();
                foreach (var entry in page.Events)
                {
                    arrived.Add((entry.EventTime, at));
                }

                Volatile.Write(ref count, arrived.Count);
            }
        });
        await UntilAsync(() => Volatile.Read(ref count) == 1, "the follower to follow");
        await PacedWriter.RunAsync(story, LatencyRate, WarmUpEvents);
        await UntilAsync(() => Volatile.Read(ref count) == WarmUpEvents + 1, "the warm-up to be shown");
        await PacedWriter.RunAsync(story, LatencyRate, events, (tick, at) => begun[tick] = at);
        await UntilAsync(() => Volatile.Read(ref count) == WarmUpEvents + events + 1, "all events to be shown");
        await stop.CancelAsync();
        await following.ContinueWith(static _ => { }, TaskScheduler.Default);
        await client.ReleaseStoryAsync(FollowerCrowd.Chronicle, name);
        return Distribution.Of(
            arrived.Skip(WarmUpEvents + 1).Select(each => Stopwatch.GetElapsedTime(begun[each.Tick], each.At).TotalNanoseconds));
    }

    private static async Task RowAsync(FollowOptions options, PrivateDeployment deployment, ChronoClient client, int followers)
    {
        int events = options.Rate * options.Seconds;
        string name = $"crowd-{Guid.NewGuid():n}";
        StoryHandle story = await client.AcquireStoryAsync(FollowerCrowd.Chronicle, name, createChronicle: true);
        ulong from = story.LogEvent("first"u8);
        await using FollowerCrowd? crowd = followers == 0
            ? null
            : await FollowerCrowd.StartAsync(deployment.Endpoint, name, from, followers, Math.Min(options.Processes, followers));

        ProcessIds processes = await new DeploymentStatus(client).ProcessIdsAsync();
        ProcessorTime before = ProcessorTime.Read(processes);
        (Distribution calls, double seconds) = await PacedWriter.RunAsync(story, options.Rate, events);
        await story.FlushAsync(DurabilityLevel.Journaled, Patience);
        long recorded = Stopwatch.GetTimestamp();
        ProcessorTime recording = ProcessorTime.Read(processes) - before; // what comes then is the followers' catching up
        if (crowd is not null)
        {
            await crowd.SeeAsync(events + 1);
        }

        double seen = crowd is null ? 0 : Stopwatch.GetElapsedTime(recorded).TotalSeconds;
        ProcessorTime used = ProcessorTime.Read(processes) - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"csv,{followers},{events},{events / seconds:0},{recording.Keeper / events},{used.Player / events},"
            + $"{calls.Median / 1e3:0.0},{calls.P99 / 1e3:0.0},{calls.Most / 1e3:0},{seen:0.00}"));
        await client.ReleaseStoryAsync(FollowerCrowd.Chronicle, name);
    }

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(begin) > Patience)
            {
                throw new BenchException($"waited {Patience.TotalSeconds} s for {what}");
            }

            await Task.Delay(1);
        }
    }
}

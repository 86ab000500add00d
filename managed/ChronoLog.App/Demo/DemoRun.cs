using System.Diagnostics;
using System.Globalization;
using ChronoLog.App.Deployment;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Store.Archive;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.App.Demo;

/// <summary>
/// The main job from end to end on a private deployment: real telemetry and a real log are recorded by several processes,
/// watched on their way through the tiers, queried across them, archived, and compared.
/// </summary>
internal sealed class DemoRun(string directory, string logFile, TimeSpan duration)
{
    private const string Chronicle = "demo";
    private const string Machine = "machine";
    private const string Log = "log";
    private const int SamplesPerSecond = 600;
    private const int ChartColumns = 72;
    private const int ChartRows = 5;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ArchiveDeadline = TimeSpan.FromSeconds(30);

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var options = new DeploymentOptions { Directory = directory, Keepers = 2, PortBase = FreePorts.Find(), Window = Window };
        ILogger logger = NullLogger.Instance;
        await using var connector = new ZmqRpcConnector(logger);
        using var supervisor = new Supervisor(options, Environment.ProcessPath!, connector, logger);
        bool stopped = false;
        try
        {
            Say($"starting a private deployment (1 Visor, 2 Keepers, 1 Grapher, 1 Player) in {directory}");
            await supervisor.StartAsync(cancellation);
            Result result = await RecordAndCheckAsync(supervisor.Endpoint, cancellation);
            Say("stopping the deployment");
            stopped = true;
            bool inOrder = await supervisor.StopAsync();
            Say(inOrder ? "every process drained and ended with status 0" : "a process did not end in order: see the logs");
            Console.WriteLine(
                $"recorded={result.Recorded} archived={result.Archived} replayed={result.Replayed} "
                + $"order={(result.InOrder ? "ok" : "BROKEN")}");
            return inOrder && result.IsGood ? ExitCode.Done : ExitCode.Failed;
        }
        finally
        {
            if (!stopped)
            {
                await supervisor.StopAsync();
            }
        }
    }

    private async Task<Result> RecordAndCheckAsync(string endpoint, CancellationToken cancellation)
    {
        await using ChronoClient client = await ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = endpoint, Program = "chronolog demo" }, cancellation: cancellation);
        await client.CreateChronicleAsync(Chronicle, cancellation: cancellation);
        ulong begin = client.Clock.Now;
        using var recorders = StartRecorders(endpoint);
        Say($"{recorders.Count} client processes record telemetry of this machine and {logFile}");
        DemoCheck across = await WatchAsync(client, recorders, begin, cancellation);
        IReadOnlyList<(string Name, long Events)> summaries = await recorders.FinishAsync(cancellation);
        foreach ((string name, long events) in summaries)
        {
            Say($"    {name,-22} recorded {events,8} events");
        }

        long recorded = summaries.Sum(summary => summary.Events);
        await WaitUntilColdAsync(client, recorded, cancellation);
        DemoCheck machine = await DemoCheck.ReplayAsync(client, Chronicle, Machine, 0, ulong.MaxValue, cancellation);
        DemoCheck log = await DemoCheck.ReplayAsync(client, Chronicle, Log, 0, ulong.MaxValue, cancellation);
        long archived = ShowFiles();
        ShowChart(machine);
        return new Result(
            recorded, archived, machine.Events + log.Events, machine.InOrder && log.InOrder && across.InOrder,
            machine.Status == Status.Ok && log.Status == Status.Ok && across.Status == Status.Ok);
    }

    private DemoRecorders StartRecorders(string endpoint)
    {
        string seconds = duration.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        var recorders = new DemoRecorders();
        foreach (string subjects in (string[])["cpu,memory", "network,disks"])
        {
            recorders.Start(
                $"telemetry {subjects}", "demo", "--client", subjects, "--seconds", seconds, "--endpoint", endpoint,
                "--samples", SamplesPerSecond.ToString(CultureInfo.InvariantCulture));
        }

        // At a rate at which the whole log takes as long as the telemetry.
        double rate = Math.Max(1, File.ReadLines(logFile).LongCount() / duration.TotalSeconds);
        recorders.Start(
            "log", "record", Chronicle, Log, "--file", logFile, "--rate", rate.ToString(CultureInfo.InvariantCulture),
            "--json", "--endpoint", endpoint);
        return recorders;
    }

    // Shows where the data is while it is recorded; once some of it is cold, queries across all tiers.
    private async Task<DemoCheck> WatchAsync(
        ChronoClient client, DemoRecorders recorders, ulong begin, CancellationToken cancellation)
    {
        DemoCheck? across = null;
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        while (!recorders.AllEnded && await timer.WaitForNextTickAsync(cancellation))
        {
            (ulong hot, ulong warm, ulong cold) = await CountAsync(client, cancellation);
            double elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Say($"    {elapsed,5:0.0} s   {(hot + warm + cold) / elapsed,8:0} events/s   hot {hot,7}   warm {warm,7}   cold {cold,7}");
            if (across is null && cold > 0 && elapsed > duration.TotalSeconds * 0.6)
            {
                long asked = Stopwatch.GetTimestamp();
                ulong now = client.Clock.Now;
                across = await DemoCheck.ReplayAsync(client, Chronicle, Machine, begin, now, cancellation);
                Say($"    range query of {(now - begin) / 1e9:0.0} s up to now, across cold, warm and hot: {across.Events} events in "
                    + $"{Stopwatch.GetElapsedTime(asked).TotalMilliseconds:0} ms, {across.Status}");
            }
        }

        return across ?? throw new ChronoLogException(Status.TimedOut, "nothing became cold while recording went on");
    }

    private static async Task WaitUntilColdAsync(ChronoClient client, long recorded, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        ulong hot, warm, cold;
        do
        {
            await timer.WaitForNextTickAsync(cancellation);
            (hot, warm, cold) = await CountAsync(client, cancellation);
        }
        while ((hot + warm > 0 || cold < (ulong)recorded) && Stopwatch.GetElapsedTime(started) < ArchiveDeadline);
        Say($"after {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s more: hot {hot}, warm {warm}, cold {cold}");
    }

    private static async Task<(ulong Hot, ulong Warm, ulong Cold)> CountAsync(ChronoClient client, CancellationToken cancellation)
    {
        StatusReply status = await client.StatusAsync(cancellation);
        ulong Sum(Func<StoryStatus, ulong> tier) => status.Stories.Aggregate(0UL, (sum, story) => sum + tier(story));
        return (Sum(story => story.Hot), Sum(story => story.Warm), Sum(story => story.Cold));
    }

    private long ShowFiles()
    {
        IReadOnlyList<ArchiveFileSummary> files = ArchiveInspector.List(Path.Combine(directory, "archive", "group-0"));
        Say($"{files.Count} StoryFiles:");
        foreach (ArchiveFileSummary file in files.Take(3).Concat(files.Skip(Math.Max(3, files.Count - 2))))
        {
            Say($"    {file.Chronicle}/{file.Story}  {ChronoTick.Format(file.StartTime)}  "
                + $"{file.Header?.EventCount,7} events  {file.FileBytes,9} bytes");
        }

        return files.Sum(file => file.Header?.EventCount ?? 0);
    }

    private static void ShowChart(DemoCheck machine)
    {
        Say("processor load, from the replayed telemetry:");
        foreach (string line in TerminalChart.Draw(machine.Load, 1.0, ChartColumns, ChartRows))
        {
            Say($"    |{line}|");
        }
    }

    private static void Say(string text) => Console.WriteLine(text);

    private readonly record struct Result(long Recorded, long Archived, long Replayed, bool InOrder, bool Complete)
    {
        public bool IsGood => InOrder && Complete && Recorded > 0 && Recorded == Archived && Archived == Replayed;
    }
}

using System.Diagnostics;
using System.Globalization;
using ChronoLog.App.Deployment;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.App.Torture;

/// <summary>
/// Records with several writers while processes are killed, lets the deployment heal, and compares what replays give,
/// before and after everything is archived, with what the writers were promised.
/// </summary>
internal sealed class TortureRun(TortureOptions options)
{
    private static readonly TimeSpan HealDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ArchiveDeadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(200);

    private readonly TortureReport report = new();

    public async Task<TortureReport> RunAsync(CancellationToken cancellation)
    {
        ILogger logger = NullLogger.Instance;
        var deployment = new DeploymentOptions
        {
            Directory = options.Directory,
            Keepers = options.Keepers,
            PortBase = FreePorts.Find(),
            Window = options.Window,
            Settings = options.Settings,
        };
        await using var connector = new ZmqRpcConnector(logger);
        using var supervisor = new Supervisor(deployment, Environment.ProcessPath!, connector, logger);
        using var watching = new CancellationTokenSource();
        Task watch = Task.CompletedTask;
        try
        {
            await supervisor.StartAsync(cancellation);
            watch = supervisor.WatchAsync(watching.Token);
            await RecordAndCheckAsync(supervisor, cancellation);
        }
        finally
        {
            await watching.CancelAsync();
            await watch;
            report.Anomaly("processes that did not end in order", await supervisor.StopAsync() ? 0 : 1,
                string.Join("; ", supervisor.LeftBehind));
        }

        return report;
    }

    private async Task RecordAndCheckAsync(Supervisor supervisor, CancellationToken cancellation)
    {
        using var writers = new WriterProcesses(options, supervisor.Endpoint);
        await CreateChronicleAsync(supervisor, cancellation);
        writers.StartAll();
        var kills = new KillSchedule(options, supervisor, writers);
        using (var chaos = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            chaos.CancelAfter(options.Duration);
            await kills.RunAsync(chaos.Token);
            if (options.Kill.Count == 0)
            {
                await Task.Delay(options.Duration, cancellation);
            }
        }

        kills.Revive();
        await HealAsync(supervisor, cancellation);
        await writers.FinishAsync(HealDeadline);
        Describe(kills, writers.Ledgers);
        await using ChronoClient client = await ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = supervisor.Endpoint, Program = "chronolog torture" }, cancellation: cancellation);
        StoryCheck mixed = await CompleteReplayAsync(client, cancellation);
        report.Fact("events replayed", mixed.Events);
        report.Compare("replay", mixed, writers.Ledgers);
        bool isCold = await WaitUntilColdAsync(client, cancellation);
        StoryCheck cold = await CompleteReplayAsync(client, cancellation);
        report.Anomaly("not archived in time", isCold ? 0 : 1);
        report.Compare("archive", cold, writers.Ledgers);
        report.Anomaly("replays that differ", mixed.Checksum == cold.Checksum && mixed.Events == cold.Events ? 0 : 1);
        CheckFiles(cold.Events);
    }

    private async Task CreateChronicleAsync(Supervisor supervisor, CancellationToken cancellation)
    {
        await using ChronoClient client = await ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = supervisor.Endpoint, Program = "chronolog torture" }, cancellation: cancellation);
        await client.CreateChronicleAsync(
            TortureOptions.Chronicle,
            new Dictionary<string, string>
            {
                [ChronicleAttributes.ReplicasKey] = options.Replicas.ToString(CultureInfo.InvariantCulture),
            },
            cancellation);
    }

    private void Describe(KillSchedule kills, IReadOnlyList<WriterLedger> ledgers)
    {
        foreach ((string target, int count) in kills.Kills)
        {
            report.Fact($"killed: {target}", count);
        }

        TimeSpan slowest = ledgers.Max(ledger => ledger.Slowest);
        report.Fact($"acknowledged ({options.Level})", ledgers.Sum(ledger => ledger.Acknowledged - ledger.Failed.Count));
        report.Fact("refused", ledgers.Sum(ledger => ledger.Failed.Count));
        report.Fact("unknown", ledgers.Sum(ledger => ledger.Unknown.Count));
        report.Fact("slowest LogEvent", $"{slowest.TotalMilliseconds:0.000} ms");
        if (options.StallMax is { } limit)
        {
            report.Anomaly(
                "writers that stalled for too long", ledgers.Count(ledger => ledger.Slowest > limit),
                $"at most {limit.TotalMilliseconds} ms");
        }
    }

    private static async Task HealAsync(Supervisor supervisor, CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!await supervisor.IsServingAsync())
        {
            if (Stopwatch.GetElapsedTime(begin) > HealDeadline)
            {
                throw new ChronoLogException(
                    Status.TimedOut, $"the deployment did not serve again within {HealDeadline.TotalSeconds} s");
            }

            await Task.Delay(LookPeriod, cancellation);
        }
    }

    // What was killed last may not be taken up yet: a replay says so itself, by its gaps.
    private static async Task<StoryCheck> CompleteReplayAsync(ChronoClient client, CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            StoryCheck check = await StoryCheck.ReplayAsync(
                client, TortureOptions.Chronicle, TortureOptions.Story, cancellation);
            if (check.Gaps.Count == 0 || Stopwatch.GetElapsedTime(begin) > HealDeadline)
            {
                return check;
            }

            await Task.Delay(LookPeriod, cancellation);
        }
    }

    private static async Task<bool> WaitUntilColdAsync(ChronoClient client, CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        do
        {
            await Task.Delay(LookPeriod, cancellation);
            StatusReply status = await client.StatusAsync(cancellation);
            if (status.Stories.All(story => story.Hot + story.Warm == 0))
            {
                return true;
            }
        }
        while (Stopwatch.GetElapsedTime(begin) < ArchiveDeadline);

        return false;
    }

    private void CheckFiles(long events)
    {
        IReadOnlyList<ArchiveFileSummary> files =
            ArchiveInspector.List(Path.Combine(options.Directory, "archive", "group-0"));
        long archived = files.Sum(file => file.Header?.EventCount ?? 0);
        report.Fact("StoryFiles", files.Count);
        report.Anomaly("events more than once in StoryFiles", Math.Max(0, archived - events));
        report.Anomaly("unreadable StoryFiles", files.Count(file => file.Header is null));
    }
}

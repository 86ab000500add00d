using System.Diagnostics;
using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Everything is killed at once, the supervisor too, and started by hand in whatever order.</summary>
public sealed class AllKilledTests
{
    private static readonly TimeSpan ServeDeadline = TimeSpan.FromSeconds(30);

    private static readonly ClientOptions Impatient = new() { CallDeadline = TimeSpan.FromSeconds(2) };

    private static readonly string[][] Orders =
    [
        ["keeper-0", "keeper-1", "grapher-0", "player-0", "visor"],
        ["grapher-0", "keeper-1", "player-0", "visor", "keeper-0"],
        ["player-0", "visor", "grapher-0", "keeper-0", "keeper-1"],
        ["visor", "player-0", "keeper-1", "keeper-0", "grapher-0"],
    ];

    [Test]
    public async Task ItServesAgainInWhateverOrderItIsStarted()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync();
        ChronoClient client = await deployment.ConnectAsync();
        StatusReply status = await client.StatusAsync();
        using var processes = new HandStarted(status);
        Assert.That(processes.Names, Is.EquivalentTo(Orders[0]));
        var recorded = new List<Load>();
        List<int> pids = [.. status.Pids().Values, SupervisorOf(deployment)];
        foreach (string[] order in Orders)
        {
            recorded.Add(await RecordAndKillAsync(client, recorded.Count, pids));
            await client.DisposeAsync();
            processes.Start(order);
            client = await AwaitServiceAsync(deployment, processes.Pids, string.Join(", ", order));
            await CheckAsync(client, recorded, string.Join(", ", order));
            pids = [.. processes.Pids];
        }

        recorded.Add(await RecordAndKillAsync(client, recorded.Count, pids));
        await client.DisposeAsync();
        processes.Dispose();
        await deployment.StartAgainAsync();
        await using ChronoClient last = await deployment.ConnectAsync();
        await CheckAsync(last, recorded, "after another 'up'");
    }

    // Each story has a writer that is cut off in the midst of its work.
    private static async Task<Load> RecordAndKillAsync(ChronoClient client, int number, IReadOnlyCollection<int> pids)
    {
        StoryHandle story = await client.AcquireStoryAsync("all", $"story {number}", createChronicle: true);
        await using var load = new Load(story, DurabilityLevel.Journaled);
        await load.AdvanceAsync(1500, "before the kill");
        await Signals.KillAsync(pids);
        return load;
    }

    private static async Task<ChronoClient> AwaitServiceAsync(
        LocalDeployment deployment, IReadOnlyCollection<int> pids, string order)
    {
        long begin = Stopwatch.GetTimestamp();
        ChronoClient? client = null;
        await Waiting.UntilAsync(
            async () =>
            {
                try
                {
                    client ??= await deployment.ConnectAsync(Impatient);
                    return (await client.StatusAsync()).Pids().Values.Order().SequenceEqual(pids.Order());
                }
                catch (ChronoLogException)
                {
                    return false;
                }
            },
            () => $"service after {order}",
            ServeDeadline);
        TestContext.Out.WriteLine($"{order}: {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");
        return client!;
    }

    private static async Task CheckAsync(ChronoClient client, List<Load> recorded, string order)
    {
        foreach (Load load in recorded)
        {
            LoadCheck? check = null;
            await Waiting.UntilAsync(
                async () =>
                {
                    try
                    {
                        check = await LoadCheck.ReplayAsync(client, load);
                        return check.IsComplete;
                    }
                    catch (ChronoLogException)
                    {
                        return false;
                    }
                },
                () => $"a complete replay of {load.Story} after {order}: {string.Join("; ", check?.Gaps ?? [])}",
                ServeDeadline);
            Assert.That(check!.Missing, Is.Empty, $"{load.Story} after {order}");
            Assert.That(check.Anomalies, Is.Empty, $"{load.Story} after {order}");
        }
    }

    private static int SupervisorOf(LocalDeployment deployment)
    {
        using JsonDocument state = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(deployment.Directory, "supervisor.json")));
        return state.RootElement.GetProperty("supervisor").GetProperty("pid").GetInt32();
    }
}

using System.Diagnostics;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>A Grapher that does nothing for a minute, under a load that its Keeper's journal cannot hold.</summary>
public sealed class GrapherStoppedTests
{
    private const long Mebibyte = 1 << 20;
    private const int JournalMebibytes = 64;
    private const int FabricMebibytes = 32;
    private const int GrapherMebibytes = 64;
    private const int PlayerMebibytes = 32;
    private const int RingMebibytes = 1;
    private const int Writers = 4;

    // What a process needs that holds no events: runtime, libraries, libfabric's buffers (some 60 MiB measured), and
    // the Keeper's index entries, 32 bytes for each event of 300.
    private const int OverheadMebibytes = 160;

    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DrainDeadline = TimeSpan.FromSeconds(30);

    [Test]
    public async Task AMinuteWithoutTheGrapherCostsNoEventAndNoMemory()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(new DeploymentSetup
        {
            Keepers = 1,
            Settings =
            [
                $"keeper.journal-quota={JournalMebibytes}MiB", "keeper.journal-segment=4MiB",
                $"keeper.fabric-budget={FabricMebibytes}MiB", "keeper.fabric-slab=8MiB",
                $"grapher.fabric-budget={FabricMebibytes}MiB", "grapher.fabric-slab=8MiB",
                $"grapher.memory-budget={GrapherMebibytes}MiB",
                $"player.fabric-budget={FabricMebibytes}MiB", "player.fabric-slab=8MiB",
                $"player.memory-budget={PlayerMebibytes}MiB",
            ],
        });
        await using ChronoClient client = await deployment.ConnectAsync(new ClientOptions
        {
            FullTimeout = TimeSpan.FromMilliseconds(500), RingCapacityBytes = RingMebibytes * Mebibyte,
        });
        StatusReply before = await client.StatusAsync();
        var loads = new List<Load>();
        for (int writer = 0; writer < Writers; writer++)
        {
            StoryHandle story = await client.AcquireStoryAsync("absent", $"story {writer}", createChronicle: true);
            loads.Add(new Load(story, DurabilityLevel.Journaled, recordBytes: 300, perSecond: 2000));
        }

        await using var ended = new LoadsScope(loads);
        await deployment.WaitAsync(client, status => loads.TrueForAll(load => status.Of(load).Cold > 0), "StoryFiles");
        SortedDictionary<string, long> most = await StopForAsync(before);
        AssertWithinBudget(most);
        Assert.That(loads.Sum(load => load.Refused), Is.Positive, "the journal cannot hold a minute");

        long begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(loads.Select(load => load.StopAsync()));
        await deployment.WaitAsync(
            client, status => loads.TrueForAll(load => status.Of(load).Hot + status.Of(load).Warm == 0), "the drain");
        Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(DrainDeadline));
        foreach (Load load in loads)
        {
            await deployment.SettleAsync(client, load);
        }

        Assert.That((await client.StatusAsync()).Pids(), Is.EqualTo(before.Pids()), "every process stayed up");
    }

    // The length of the absence is what the test is about; meanwhile it looks at the processes.
    private static async Task<SortedDictionary<string, long>> StopForAsync(StatusReply status)
    {
        var most = new SortedDictionary<string, long>(StringComparer.Ordinal);
        int grapher = status.Pid("grapher-0");
        await Signals.StopAsync(grapher);
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
            for (long begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < Absence;)
            {
                foreach ((string name, int pid) in status.Pids())
                {
                    most[name] = Math.Max(most.GetValueOrDefault(name), Signals.ResidentBytes(pid));
                }

                await timer.WaitForNextTickAsync();
            }
        }
        finally
        {
            await Signals.ContinueAsync(grapher);
        }

        return most;
    }

    private static void AssertWithinBudget(SortedDictionary<string, long> most)
    {
        long Limit(int mebibytes) => (mebibytes + OverheadMebibytes) * Mebibyte;
        TestContext.Out.WriteLine(string.Join(", ", most.Select(pair => $"{pair.Key} {pair.Value / Mebibyte} MiB")));
        Assert.Multiple(() =>
        {
            Assert.That(most["keeper-0"], Is.LessThan(Limit(JournalMebibytes + FabricMebibytes + RingMebibytes)));
            Assert.That(most["grapher-0"], Is.LessThan(Limit(GrapherMebibytes + FabricMebibytes)));
            Assert.That(most["player-0"], Is.LessThan(Limit(PlayerMebibytes + FabricMebibytes)));
            Assert.That(most["visor"], Is.LessThan(Limit(0)));
        });
    }
}

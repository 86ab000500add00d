using System.Diagnostics;
using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Transport.Rings;
using Signals = ChronoLog.Tests.Cluster.Deployments.Signals;

namespace ChronoLog.Tests.Cluster.Remote;

/// <summary>
/// Clients that share no memory with the Keepers: to them every Keeper is one of another node, and everything they record
/// is carried over by RMA.
/// </summary>
public sealed class RemoteRecordingTests
{
    private const string Chronicle = "remote";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [TestCase("ofi+tcp")]
    [TestCase("ofi+shm")]
    public async Task WhatIsRecordedIsAtOnceInAReplayOfAnybody(string fabric)
    {
        const int Rounds = 25;
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(fabric, keepers: 1);
        await using ChronoClient client = await ConnectAsync(deployment);
        await using ChronoClient observer = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync(Chronicle, "seen", createChronicle: true);
        List<RecordedEvent> recorded = [];
        for (int round = 0; round < Rounds; round++)
        {
            Record(story, recorded, 20);
            Assert.That(await RecordedEvent.ReplayAsync(observer, Chronicle, "seen"), Is.EqualTo(recorded).AsCollection);
        }

        StatusReply status = await deployment.WaitAsync(
            observer, each => Keepers(each).Single().Statistics.GetValueOrDefault("rings_remote") > 0, "the Keeper's heartbeat");
        Assert.That(Keepers(status).Single().Statistics["rings"], Is.EqualTo(1));
        await client.ReleaseStoryAsync(Chronicle, "seen");
    }

    [Test]
    public async Task FlushesReachEveryLevelAndLargeRecordsArrive()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 2);
        await using ChronoClient client = await ConnectAsync(deployment, options => options with { Placement = Placement.RoundRobin });
        await client.CreateChronicleAsync(Chronicle, new Dictionary<string, string> { ["replicas"] = "2" });
        StoryHandle story = await client.AcquireStoryAsync(Chronicle, "levels");
        List<RecordedEvent> recorded = [];
        string large = new('x', 2_000_000); // longer than a span
        foreach (DurabilityLevel level in Enum.GetValues<DurabilityLevel>())
        {
            Record(story, recorded, 100);
            Record(story, recorded, large);
            await story.FlushAsync(level, Patience);
        }

        Assert.That(
            await RecordedEvent.ReplayAsync(client, Chronicle, "levels"), Is.EqualTo(recorded).AsCollection, "each once");
        await client.ReleaseStoryAsync(Chronicle, "levels");
    }

    [Test]
    public async Task AKeeperKilledUnderLoadLosesNothingAndRepeatsNothing()
    {
        const int Kills = 2;
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await ConnectAsync(deployment);
        StoryHandle story = await client.AcquireStoryAsync(Chronicle, "crash", createChronicle: true);
        using var stop = new CancellationTokenSource();
        List<RecordedEvent> recorded = [];
        Task recording = Task.Run(() => RecordPaced(story, recorded, stop.Token));
        for (int kill = 0; kill < Kills; kill++)
        {
            int before = recorded.Count;
            await Waiting.UntilAsync(() => recorded.Count > before + 2000 || recording.IsCompleted, "the recorder to get on");
            StatusReply status = await deployment.WaitAsync(client, each => Keepers(each).Single().State == "alive", "a Keeper");
            int pid = (int)Keepers(status).Single().Identity.Pid;
            Signals.Kill(pid);
            await deployment.WaitAsync(
                client,
                each => Keepers(each).Single() is { State: "alive" } keeper && (int)keeper.Identity.Pid != pid
                    && keeper.Statistics.GetValueOrDefault("recovered_rings") > 0,
                "the Keeper to recover");
        }

        await stop.CancelAsync();
        await recording; // no call failed
        await story.FlushAsync(DurabilityLevel.Synced, Patience);
        Assert.That(await RecordedEvent.ReplayAsync(client, Chronicle, "crash"), Is.EqualTo(recorded).AsCollection);
        await client.ReleaseStoryAsync(Chronicle, "crash");
        StatusReply cold = await deployment.WaitUntilColdAsync(client, Chronicle, "crash", recorded.Count);
        Assert.That(cold.Stories.Single().Cold, Is.EqualTo(recorded.Count), "archived exactly once");
        Assert.That(await RecordedEvent.ReplayAsync(client, Chronicle, "crash"), Is.EqualTo(recorded).AsCollection);
    }

    [Test]
    public async Task AKeeperThatStaysAwayIsLeftForAnother()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 2, more: ["--no-restart"]);
        deployment.HasDeadProcess = true;
        await using ChronoClient client = await ConnectAsync(deployment);
        StoryHandle story = await client.AcquireStoryAsync(Chronicle, "left", createChronicle: true);
        List<RecordedEvent> recorded = [];
        Record(story, recorded, 1000);
        await story.FlushAsync(DurabilityLevel.Archived, Patience); // what only its journal has would be missing below
        StatusReply status = await deployment.WaitAsync(
            client, each => Keepers(each).Any(keeper => keeper.Statistics.GetValueOrDefault("rings_remote") > 0), "the ring");
        ProcessStatus used = Keepers(status).Single(keeper => keeper.Statistics["rings_remote"] > 0);
        Signals.Stop((int)used.Identity.Pid);
        try
        {
            Record(story, recorded, 1000); // nobody takes them
        }
        finally
        {
            Signals.Kill((int)used.Identity.Pid);
        }

        using var stop = new CancellationTokenSource();
        Task recording = Task.Run(() => RecordPaced(story, recorded, stop.Token));
        await deployment.WaitAsync(
            client,
            each => Keepers(each).Any(keeper => keeper.Identity.ProcessId != used.Identity.ProcessId
                && keeper.Statistics.GetValueOrDefault("events_ingested") > 2000),
            "the other Keeper to take the events");
        await stop.CancelAsync();
        await recording;
        await story.FlushAsync(DurabilityLevel.Journaled, Patience);
        await deployment.WaitAsync(
            client, each => Keepers(each).Any(keeper => keeper.State == "dead"), "the Keeper to be known as dead");
        Chronolog.Outcome lost = await deployment.RunAsync(null, "keeper", "lost", used.Identity.Name);
        lost.Succeeded();
        Assert.That(await RecordedEvent.ReplayAsync(client, Chronicle, "left"), Is.EqualTo(recorded).AsCollection);
    }

    [Test]
    public async Task AFullRingMakesRecordingWaitAndFailAndNothingIsLost()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await ConnectAsync(deployment, options => options with
        {
            RingCapacityBytes = 1 << 20, FullTimeout = TimeSpan.FromMilliseconds(300),
        });
        StoryHandle story = await client.AcquireStoryAsync(Chronicle, "full", createChronicle: true);
        List<RecordedEvent> recorded = [];
        int pid = (int)Keepers(await client.StatusAsync()).Single().Identity.Pid;
        Signals.Stop(pid);
        try
        {
            ChronoLogException full = Assert.Throws<ChronoLogException>(() =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    Record(story, recorded, new string('y', 1000));
                }
            })!;
            Assert.That(full.Status, Is.EqualTo(Status.TimedOut).Or.EqualTo(Status.NoKeepers));
            Assert.That(recorded, Has.Count.InRange(900, 1100), "as many as the ring takes");
        }
        finally
        {
            Signals.Continue(pid);
        }

        await story.FlushAsync(DurabilityLevel.Synced, Patience);
        Record(story, recorded, 100);
        Assert.That(await RecordedEvent.ReplayAsync(client, Chronicle, "full"), Is.EqualTo(recorded).AsCollection);
    }

    [Test]
    public async Task AClientThatDiesLeavesWhatItHadHandedOverAndNoRing()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        var start = new ProcessStartInfo(
            Chronolog.Executable, ["record", Chronicle, "orphan", "--create", "--endpoint", deployment.Endpoint])
        {
            UseShellExecute = false, RedirectStandardInput = true,
        };
        start.Environment["CHRONOLOG_SHARED_MEMORY"] = "0";
        using Process recorder = Process.Start(start)!;
        await recorder.StandardInput.WriteAsync(string.Concat(Enumerable.Range(0, 1000).Select(each => $"line {each}\n")));
        await recorder.StandardInput.FlushAsync();
        await deployment.WaitAsync(
            client, status => Keepers(status).Single().Statistics.GetValueOrDefault("events_ingested") == 1000, "the lines");
        recorder.Kill();
        await recorder.WaitForExitAsync();

        // Until it is given up replays say that something may be missing.
        await deployment.WaitAsync(
            client, status => Keepers(status).Single().Statistics["rings"] == 0, "the dead client's ring to go");
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, Chronicle, "orphan");
        Assert.That(events.Select(each => each.Record), Is.EqualTo(Enumerable.Range(0, 1000).Select(each => $"line {each}")));
    }

    [Test]
    public async Task ACommandThatEndsHasHandedOverEverything()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        await client.CreateChronicleAsync(Chronicle, new Dictionary<string, string> { ["durability"] = "accepted" });
        await using (ChronoClient recorder = await ConnectAsync(deployment))
        {
            StoryHandle story = await recorder.AcquireStoryAsync(Chronicle, "short");
            for (int i = 0; i < 10_000; i++)
            {
                story.LogEvent(new byte[100]);
            }
        }

        Assert.That(await RecordedEvent.ReplayAsync(client, Chronicle, "short"), Has.Count.EqualTo(10_000));
    }

    private static Task<ChronoClient> ConnectAsync(
        LocalDeployment deployment, Func<ClientOptions, ClientOptions>? change = null)
    {
        var options = new ClientOptions { SharedMemory = false };
        return deployment.ConnectAsync(change?.Invoke(options) ?? options);
    }

    private static IEnumerable<ProcessStatus> Keepers(StatusReply status) =>
        status.Processes.Where(process => process.Identity.Role == Role.Keeper);

    private static void RecordPaced(StoryHandle story, List<RecordedEvent> recorded, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Record(story, recorded, 100);
            stop.WaitHandle.WaitOne(1);
        }
    }

    private static void Record(StoryHandle story, List<RecordedEvent> recorded, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Record(story, recorded, string.Create(CultureInfo.InvariantCulture, $"event {recorded.Count}"));
        }
    }

    private static void Record(StoryHandle story, List<RecordedEvent> recorded, string record)
    {
        ulong tick = story.LogEvent(Encoding.UTF8.GetBytes(record), out uint index);
        recorded.Add(new RecordedEvent(new EventSequence(tick, story.ClientId, index), record));
    }
}

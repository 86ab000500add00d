using System.Diagnostics;
using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>A Keeper is killed by SIGKILL, restarted by its supervisor, and nobody misses or sees twice an event.</summary>
public sealed class KeeperCrashTests
{
    private string rings = "";

    [SetUp]
    public void SetUp() => rings = Directory.CreateDirectory($"/dev/shm/chronolog-rings-{Guid.NewGuid():n}").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(rings, recursive: true);

    [Test]
    public async Task AKeeperKilledUnderLoadLosesNothingAndRepeatsNothing()
    {
        const int Kills = 3;
        await using LocalDeployment deployment = await StartAsync();
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("crash", "load", createChronicle: true);
        using var stop = new CancellationTokenSource();
        List<RecordedEvent> recorded = [];
        Task recording = Task.Run(() => Record(story, recorded, stop.Token));
        for (int kill = 0; kill < Kills; kill++)
        {
            int before = recorded.Count;
            await WaitAsync(() => recorded.Count > before + 2000 || recording.IsCompleted, "the recorder to get on");
            await KillKeeperAsync(deployment, client);
            await AwaitRecoveryAsync(deployment, client);
        }

        await stop.CancelAsync();
        await recording; // it met no error
        await story.FlushAsync(DurabilityLevel.Synced, TimeSpan.FromSeconds(10));

        await CheckAsync(client, "load", recorded);
        await client.ReleaseStoryAsync("crash", "load");
        StatusReply cold = await deployment.WaitUntilColdAsync(client, "crash", "load", recorded.Count);
        Assert.That(
            cold.Stories.Single(each => each.Story == "load").Cold, Is.EqualTo(recorded.Count), "archived exactly once");
        await CheckAsync(client, "load", recorded);
        await deployment.WaitAsync(client, status => Keeper(status).Statistics["stories_unknown"] == 0, "no unnamed story");
    }

    [Test]
    public async Task EventsThatOnlyTheRingHasSurviveTheKeeper()
    {
        await using LocalDeployment deployment = await StartAsync();
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("crash", "ring", createChronicle: true);
        List<RecordedEvent> recorded = [];
        Record(story, recorded, 100);
        await story.FlushAsync(DurabilityLevel.Journaled, TimeSpan.FromSeconds(10));

        int pid = Pid(await client.StatusAsync());
        await SignalAsync("STOP", pid);
        Record(story, recorded, 1000);
        await KillAsync(pid);
        Record(story, recorded, 1000);
        await story.FlushAsync(DurabilityLevel.Synced, TimeSpan.FromSeconds(20)); // through the restart

        await AwaitRecoveryAsync(deployment, client);
        await CheckAsync(client, "ring", recorded);
        Assert.That(Directory.GetFiles(rings), Has.Length.EqualTo(1), "the ring that it had, and no other one");
    }

    [Test]
    public async Task AClientThatDiesWhileTheKeeperIsDownLeavesItsEventsAndNoRing()
    {
        await using LocalDeployment deployment = await StartAsync();
        await using ChronoClient client = await deployment.ConnectAsync();
        var start = new ProcessStartInfo(
            Chronolog.Executable, ["record", "crash", "orphan", "--create", "--endpoint", deployment.Endpoint])
        {
            UseShellExecute = false, RedirectStandardInput = true,
        };
        using Process recorder = Process.Start(start)!;
        await recorder.StandardInput.WriteAsync("first\n");
        await recorder.StandardInput.FlushAsync();
        await deployment.WaitAsync(
            client, status => Keeper(status).Statistics.GetValueOrDefault("events_ingested") > 0, "the first event");
        int pid = Pid(await client.StatusAsync());
        await SignalAsync("STOP", pid);
        await recorder.StandardInput.WriteAsync("second\n");
        await recorder.StandardInput.FlushAsync();
        string ring = Directory.GetFiles(rings).Single();
        await WaitAsync(() => TailOf(ring) > ConsumedOf(ring), "the second event in the ring");
        recorder.Kill();
        await recorder.WaitForExitAsync();
        await KillAsync(pid);

        await AwaitRecoveryAsync(deployment, client);
        await WaitAsync(() => !File.Exists(ring), "the dead client's ring to go");
        // Nobody holds the story any more once the lease is over; its events are named and archived all the same.
        await deployment.WaitUntilColdAsync(client, "crash", "orphan", 2);
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "crash", "orphan");
        Assert.That(events.Select(each => each.Record), Is.EqualTo(new[] { "first", "second" }));
    }

    private Task<LocalDeployment> StartAsync() =>
        LocalDeployment.StartAsync(keepers: 1, more: ["--set", $"keeper.ring-directory={rings}"]);

    // Paced: what is asked is that nothing is lost, not how much fits.
    private static void Record(StoryHandle story, List<RecordedEvent> recorded, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Record(story, recorded, 100);
            Thread.Yield();
            stop.WaitHandle.WaitOne(1);
        }
    }

    private static void Record(StoryHandle story, List<RecordedEvent> recorded, int count)
    {
        for (int i = 0; i < count; i++)
        {
            string record = string.Create(CultureInfo.InvariantCulture, $"event {recorded.Count}");
            ulong tick = story.LogEvent(Encoding.UTF8.GetBytes(record), out uint index);
            recorded.Add(new RecordedEvent(new EventSequence(tick, story.ClientId, index), record));
        }
    }

    private static async Task CheckAsync(ChronoClient client, string story, List<RecordedEvent> recorded)
    {
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "crash", story);
        RecordedEvent.AssertOrdered(events);
        Assert.That(events, Has.Count.EqualTo(recorded.Count));
        Assert.That(events, Is.EqualTo(recorded).AsCollection);
    }

    private static ProcessStatus Keeper(StatusReply status) =>
        status.Processes.Single(process => process.Identity.Role == Role.Keeper);

    private static int Pid(StatusReply status) => (int)Keeper(status).Identity.Pid;

    private static async Task KillKeeperAsync(LocalDeployment deployment, ChronoClient client)
    {
        StatusReply status = await deployment.WaitAsync(client, each => Keeper(each).State == "alive", "a Keeper");
        await KillAsync(Pid(status));
    }

    private static async Task KillAsync(int pid)
    {
        using Process keeper = Process.GetProcessById(pid);
        await SignalAsync("KILL", pid);
        await keeper.WaitForExitAsync();
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.That(kill.ExitCode, Is.Zero);
    }

    // The killed one's pid has gone: whoever is alive and recovered something is its successor.
    private static Task<StatusReply> AwaitRecoveryAsync(LocalDeployment deployment, ChronoClient client) =>
        deployment.WaitAsync(
            client,
            status => Keeper(status).State == "alive" && Directory.Exists($"/proc/{Pid(status)}")
                && Keeper(status).Statistics.GetValueOrDefault("recovered_rings") > 0,
            "the Keeper to recover");

    private static async Task WaitAsync(Func<bool> condition, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(TimeSpan.FromSeconds(30)), $"waited for {what}");
            await timer.WaitForNextTickAsync();
        }
    }

    private static long TailOf(string ring) => Word(ring, 256);

    private static long ConsumedOf(string ring) => Word(ring, 512);

    private static long Word(string file, int offset)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] word = new byte[8];
        stream.Position = offset;
        stream.ReadExactly(word);
        return BitConverter.ToInt64(word);
    }
}

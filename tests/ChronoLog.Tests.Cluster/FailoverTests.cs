using System.Diagnostics;
using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>One of two Keepers of a node is killed under load and stays away; then it is started again.</summary>
public sealed class FailoverTests
{
    private const int Writers = 4;
    private static readonly TimeSpan StallMax = TimeSpan.FromSeconds(3);

    private readonly List<ChronoClient> clients = [];
    private string rings = "";
    private LocalDeployment deployment = null!;
    private Process? revived;

    [TearDown]
    public async Task StopAsync()
    {
        foreach (ChronoClient client in clients)
        {
            await client.DisposeAsync();
        }

        if (revived is not null)
        {
            await SignalAsync("TERM", revived.Id);
            await revived.WaitForExitAsync();
            revived.Dispose();
            revived = null;
        }

        clients.Clear();

        await deployment.DisposeAsync();
        Directory.Delete(rings, recursive: true);
    }

    [TestCase("1")]
    [TestCase("2")]
    public async Task NothingIsLostAndNothingStalls(string replicas)
    {
        await StartAsync(keepers: replicas == "2" ? 3 : 2);
        ChronoClient observer = await ConnectAsync();
        await observer.CreateChronicleAsync("failover", new Dictionary<string, string> { ["replicas"] = replicas });
        using var stop = new CancellationTokenSource();
        List<Writer> writers = [];
        for (int i = 0; i < Writers; i++)
        {
            ChronoClient client = await ConnectAsync();
            writers.Add(new Writer(await client.AcquireStoryAsync("failover", "story"), i));
        }

        Task[] recording =
        [
            .. writers.Select(each => Task.Factory.StartNew(() => each.Record(stop.Token), TaskCreationOptions.LongRunning)),
        ];
        await AwaitProgressAsync(writers, 5000);
        (ProcessStatus dead, string[] command) = await KillAKeeperAsync(observer);
        string[] deadRings = RingsOf(dead);
        await AwaitProgressAsync(writers, 5000); // everybody records on, also who was with the dead one
        await stop.CancelAsync();
        await Task.WhenAll(recording); // no call failed
        Assert.That(writers.Max(each => each.Slowest), Is.LessThan(StallMax), "the longest call");
        foreach (Writer writer in writers)
        {
            await writer.Story.FlushAsync(DurabilityLevel.Journaled, TimeSpan.FromSeconds(20));
        }

        List<RecordedEvent> expected = [.. writers.SelectMany(each => each.Recorded).OrderBy(each => each.Sequence)];
        (List<RecordedEvent> events, Status status) = await ReplayAsync(observer);
        Assert.That(events.Except(expected), Is.Empty, "nothing that was not recorded");
        RecordedEvent.AssertOrdered(events);
        Assert.That(status == Status.Partial || events.Count == expected.Count, "short only if PARTIAL");
        if (replicas == "2")
        {
            Assert.That(events, Has.Count.EqualTo(expected.Count), "each event is with a living Keeper");
        }

        revived = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false })!;
        await AwaitCompleteAsync(observer, expected);
        foreach (ChronoClient client in clients.Skip(1))
        {
            await client.ReleaseStoryAsync("failover", "story"); // at level synced: the revived Keeper says so
        }

        StatusReply cold = await deployment.WaitUntilColdAsync(observer, "failover", "story", expected.Count);
        Assert.That(cold.Stories.Single().Cold, Is.EqualTo(expected.Count), "archived exactly once, and no conflict kept apart");
        await AwaitCompleteAsync(observer, expected);
        await WaitAsync(() => !deadRings.Any(File.Exists), "the left rings to be drained and removed");
    }

    // The Keepers' window is half a minute here: who waits for the archive does not wait for that.
    [Test]
    public async Task AFlushToTheArchiveWaitsForNoWindowAndSurvivesAKeeper()
    {
        await StartAsync(keepers: 1, window: "30s");
        ChronoClient client = await ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("failover", "archived", createChronicle: true);
        story.LogEvent("first"u8);
        await story.FlushAsync(DurabilityLevel.Archived, TimeSpan.FromSeconds(20));
        StatusReply status = await client.StatusAsync();
        string[] files = Directory.GetFiles(deployment.ArchiveDirectory, "*.h5", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(1), status.ToString());

        story.LogEvent("second"u8);
        await story.FlushAsync(DurabilityLevel.Synced, TimeSpan.FromSeconds(20));
        (_, string[] command) = await KillAKeeperAsync(client);
        Task flush = story.FlushAsync(DurabilityLevel.Archived, TimeSpan.FromSeconds(40));
        ChronoLogException late = (await Assert.ThrowsAsync<ChronoLogException>(
            () => story.FlushAsync(DurabilityLevel.Archived, TimeSpan.FromSeconds(1))))!;
        Assert.That(late.Status, Is.EqualTo(Status.TimedOut));
        revived = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false })!;
        await flush;
        files = Directory.GetFiles(deployment.ArchiveDirectory, "*.h5", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(2));
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "failover", "archived");
        Assert.That(events.Select(each => each.Record), Is.EqualTo(new[] { "first", "second" }));
        await client.ReleaseStoryAsync("failover", "archived");
    }

    private async Task StartAsync(int keepers, string window = "500ms")
    {
        rings = Directory.CreateDirectory($"/dev/shm/chronolog-rings-{Guid.NewGuid():n}").FullName;
        deployment = await LocalDeployment.StartAsync(
            keepers: keepers, window: window, more: ["--no-restart", "--set", $"keeper.ring-directory={rings}"]);
        deployment.HasDeadProcess = true;
    }

    private async Task<ChronoClient> ConnectAsync()
    {
        ChronoClient client = await deployment.ConnectAsync();
        clients.Add(client);
        return client;
    }

    private async Task<(ProcessStatus Keeper, string[] Command)> KillAKeeperAsync(ChronoClient client)
    {
        StatusReply status = await client.StatusAsync();
        ProcessStatus keeper = status.Processes
            .Where(each => each.Identity.Role == Role.Keeper)
            .MaxBy(each => each.Statistics.GetValueOrDefault("events_ingested"))!;
        int pid = (int)keeper.Identity.Pid;
        string[] command = (await File.ReadAllTextAsync($"/proc/{pid}/cmdline")).TrimEnd('\0').Split('\0');
        command[0] = Chronolog.Executable;
        using Process process = Process.GetProcessById(pid);
        await SignalAsync("KILL", pid);
        await process.WaitForExitAsync();
        return (keeper, command);
    }

    // A ring's header names the Keeper's process.
    private string[] RingsOf(ProcessStatus keeper)
    {
        string[] found = [.. Directory.GetFiles(rings).Where(file => Word(file, 32) == keeper.Identity.ProcessId)];
        Assert.That(found, Is.Not.Empty);
        return found;
    }

    private static ulong Word(string file, int offset)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] word = new byte[8];
        stream.Position = offset;
        stream.ReadExactly(word);
        return BitConverter.ToUInt64(word);
    }

    private static async Task AwaitProgressAsync(List<Writer> writers, int events)
    {
        int[] before = [.. writers.Select(each => each.Count)];
        await WaitAsync(
            () => writers.Select((each, i) => each.Count - before[i]).All(progress => progress > events),
            "every writer to get on");
    }

    private static async Task<(List<RecordedEvent> Events, Status Status)> ReplayAsync(ChronoClient client)
    {
        var events = new List<RecordedEvent>();
        await using Replay replay = await client.ReplayAsync("failover", "story");
        await foreach (EventPage page in replay)
        {
            foreach (ref readonly EventEntry entry in page.Events)
            {
                events.Add(new RecordedEvent(entry.Sequence, Encoding.UTF8.GetString(entry.LogRecord)));
            }
        }

        return (events, replay.Status);
    }

    private static async Task AwaitCompleteAsync(ChronoClient client, List<RecordedEvent> expected)
    {
        (List<RecordedEvent> Events, Status Status) replay = ([], Status.Partial);
        await WaitAsync(
            () =>
            {
                replay = ReplayAsync(client).GetAwaiter().GetResult();
                return replay.Status == Status.Ok;
            },
            "a replay that is not PARTIAL");
        RecordedEvent.AssertOrdered(replay.Events);
        Assert.That(replay.Events, Is.EqualTo(expected).AsCollection);
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.That(kill.ExitCode, Is.Zero);
    }

    private static async Task WaitAsync(Func<bool> condition, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(TimeSpan.FromSeconds(60)), $"waited for {what}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Records numbered events, paced, and keeps what it was told.</summary>
    private sealed class Writer(StoryHandle story, int number)
    {
        private int count;

        public StoryHandle Story { get; } = story;

        public List<RecordedEvent> Recorded { get; } = [];

        public TimeSpan Slowest { get; private set; }

        public int Count => Volatile.Read(ref count);

        public void Record(CancellationToken stop)
        {
            while (!stop.WaitHandle.WaitOne(1))
            {
                for (int i = 0; i < 20; i++)
                {
                    string record = string.Create(CultureInfo.InvariantCulture, $"event {count} of writer {number}");
                    long begin = Stopwatch.GetTimestamp();
                    ulong tick = Story.LogEvent(Encoding.UTF8.GetBytes(record), out uint index);
                    TimeSpan took = Stopwatch.GetElapsedTime(begin);
                    Slowest = took > Slowest ? took : Slowest;
                    Recorded.Add(new RecordedEvent(new EventSequence(tick, Story.ClientId, index), record));
                    Volatile.Write(ref count, count + 1);
                }
            }
        }
    }
}

using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>The Visor is killed under load: nobody who records or replays notices, and it comes back with all it knew.</summary>
public sealed class VisorRestartTests
{
    private const int Kills = 3;

    private LocalDeployment deployment = null!;

    [SetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync(
        more: ["--set", "visor.client-lease=6s"]);

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task RecordingReplayNamesHoldersAndTimeGoOn()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        await client.CreateChronicleAsync("kept", new Dictionary<string, string> { ["owner"] = "me", ["durability"] = "journaled" });
        StoryHandle story = await client.AcquireStoryAsync("kept", "s");
        StoryHandle other = await client.AcquireStoryAsync("kept", "t");
        using var enough = new CancellationTokenSource();
        Task<List<ulong>> recording = Task.Run(() => Record(story, enough.Token));
        await using ChronoClient watch = await deployment.ConnectAsync();
        for (int kill = 0; kill < Kills; kill++)
        {
            ulong before = other.LogEvent("before"u8);
            await KillVisorAsync(watch);
            await deployment.WaitAsync(
                watch,
                status => status.Processes.Count(process => process.State == "alive") == 5
                    && status.Stories.All(each => each.Acquirers == 1),
                "every process to be heard and every story to be held again");
            Assert.That((await watch.ShowChronicleAsync("kept")).Attributes["owner"], Is.EqualTo("me"));
            Assert.That(await watch.ShowStoriesAsync("kept"), Is.EqualTo(["s", "t"]));
            Assert.That(other.LogEvent("after"u8), Is.GreaterThan(before));
            await using ChronoClient late = await deployment.ConnectAsync();
            Assert.That(late.ClientId, Is.GreaterThan(client.ClientId));
            Assert.That(late.Clock.Now, Is.GreaterThan(before), "time does not go back");
            Assert.That(await RefusalAsync(() => late.DestroyStoryAsync("kept", "s")), Is.EqualTo(Status.Acquired));
            await RecordedEvent.ReplayAsync(late, "kept", "s"); // complete, though the Visor was just restarted
        }

        await enough.CancelAsync();
        List<ulong> ticks = await recording;
        Assert.That(ticks, Is.Ordered);
        await client.ReleaseStoryAsync("kept", "s");
        await client.ReleaseStoryAsync("kept", "t");
        List<RecordedEvent> replayed = await RecordedEvent.ReplayAsync(watch, "kept", "s");
        Assert.That(replayed.Select(each => each.Sequence.EventTime), Is.EqualTo(ticks));
        RecordedEvent.AssertOrdered(replayed);
        await deployment.WaitUntilColdAsync(watch, "kept", "s", ticks.Count);
        await watch.DestroyStoryAsync("kept", "s");
    }

    [Test]
    public async Task AReplayThatIsOpenGoesOnWithoutTheVisor()
    {
        const int Events = 100_000;
        await using ChronoClient client = await deployment.ConnectAsync(new ClientOptions { ReplayPageBytes = 64 << 10 });
        StoryHandle story = await client.AcquireStoryAsync("c", "s", createChronicle: true);
        for (int i = 0; i < Events; i++)
        {
            story.LogEvent("0123456789abcdef"u8);
        }

        await using Replay replay = await client.ReplayAsync("c", "s");
        int read = 0;
        await foreach (EventPage page in replay)
        {
            if (read == 0)
            {
                Signals.Kill(await PidAsync(client, "visor"));
            }

            read += page.Count;
        }

        Assert.That((read, replay.Status), Is.EqualTo((Events, Status.Ok)));
    }

    [Test]
    public async Task ADeadKeeperIsRememberedUntilItReturnsOrIsGivenUp()
    {
        await using ChronoClient watch = await deployment.ConnectAsync();
        (await deployment.RunAsync("a\nb\n", "record", "c", "s", "--create")).Succeeded();

        // Which Keeper took them goes by the order in which the two registered: archived, they are there without either.
        await deployment.WaitUntilColdAsync(watch, "c", "s", 2);
        int keeper = await PidAsync(watch, "keeper-1");
        Signals.Stop(keeper);
        try
        {
            await WaitForAsync(watch, "keeper-1", "suspect");
            await WaitForAsync(watch, "keeper-1", "dead");
            await AssertPartialAsync();
            await KillVisorAsync(watch);
            await WaitForAsync(watch, "keeper-1", "dead");
            await WaitForAsync(watch, "player-0", "alive");
            await AssertPartialAsync();

            Chronolog.Outcome alive = await deployment.RunAsync(null, "keeper", "lost", "keeper-0");
            Assert.That((alive.ExitCode, alive.Error.Contains("not dead", StringComparison.Ordinal)), Is.EqualTo((1, true)));
            (await deployment.RunAsync(null, "keeper", "lost", "keeper-1", "--group", "0")).Succeeded();
            await WaitForReplayAsync();
            Assert.That((await deployment.RunAsync(null, "status")).Succeeded().Output, Does.Contain("lost: keeper 'keeper-1'"));
        }
        finally
        {
            Signals.Continue(keeper);
        }

        StatusReply back = await WaitForAsync(watch, "keeper-1", "alive");
        Assert.That(back.LostKeepers.Single().Returned, Is.Positive);
        Assert.That(await PidAsync(watch, "keeper-1"), Is.EqualTo(keeper), "the same process: it registered anew");
    }

    // The Player learns of a lost Keeper with its next heartbeat.
    private async Task WaitForReplayAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Chronolog.Outcome replay;
        do
        {
            deadline.Token.ThrowIfCancellationRequested();
            replay = await deployment.RunAsync(null, "replay", "c", "s", "--format", "raw");
        }
        while (replay.ExitCode != 0);

        Assert.That(replay.Lines, Is.EqualTo(["a", "b"]));
    }

    private async Task AssertPartialAsync()
    {
        Chronolog.Outcome replay = await deployment.RunAsync(null, "replay", "c", "s", "--format", "raw");
        Assert.That((replay.ExitCode, string.Join(' ', replay.Lines)), Is.EqualTo((1, "a b")));
        Assert.That(replay.Error, Does.Contain("keeper-1"));
    }

    private static List<ulong> Record(StoryHandle story, CancellationToken enough)
    {
        var ticks = new List<ulong>();
        while (!enough.IsCancellationRequested)
        {
            ticks.Add(story.LogEvent("an event under load"u8));
            if (ticks.Count % 100 == 0)
            {
                Thread.Sleep(1); // some 50,000 events per second: the machine has other things to do
            }
        }

        return ticks;
    }

    private async Task KillVisorAsync(ChronoClient watch)
    {
        int before = await PidAsync(watch, "visor");
        Signals.Kill(before);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await TryPidAsync(watch) is not { } now || now == before)
        {
            deadline.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task<int?> TryPidAsync(ChronoClient watch)
    {
        try
        {
            return await PidAsync(watch, "visor");
        }
        catch (ChronoLogException)
        {
            return null;
        }
    }

    private static async Task<int> PidAsync(ChronoClient watch, string name) =>
        (int)(await watch.StatusAsync()).Processes.Single(process => process.Identity.Name == name).Identity.Pid;

    private Task<StatusReply> WaitForAsync(ChronoClient watch, string name, string state) => deployment.WaitAsync(
        watch,
        status => status.Processes.Any(process => process.Identity.Name == name && process.State == state),
        $"{name} to be {state}");

    private static async Task<Status> RefusalAsync(Func<Task> call)
    {
        try
        {
            await call();
            return Status.Ok;
        }
        catch (ChronoLogException exception)
        {
            return exception.Status;
        }
    }
}

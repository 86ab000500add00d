using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>Events with times of their clients' own, and windows that follow the network.</summary>
public sealed class LateEventTests
{
    private const ulong Hour = 3_600_000_000_000;
    private LocalDeployment deployment = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync(new DeploymentSetup
    {
        Window = "200ms",
        Settings = ["keeper.acceptance-window=auto", "keeper.atw-floor=20ms", "grapher.acceptance-window=auto"],
    });

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task EventsAnHourAndEightDaysLateAreThereAtOnceAndForGoodAndCounted()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("late", "s", createChronicle: true);
        ulong now = story.LogEvent("now"u8);
        (ulong hourAgo, ulong daysAgo) = (now - Hour, now - (8 * 24 * Hour));
        await deployment.WaitAsync(
            client, status => Story(status, "late").Watermark > now, "a watermark beyond the first event");

        story.LogEventAt(hourAgo, "an hour late"u8);
        story.LogEventAt(daysAgo, "8 days late"u8);
        story.LogEventAt(now - 1, "a moment late"u8);
        string[] expected = ["8 days late", "an hour late", "a moment late", "now"];
        List<RecordedEvent> hot = await RecordedEvent.ReplayAsync(client, "late", "s");
        Assert.That(hot.Select(static each => each.Record), Is.EqualTo(expected), "visible at once, in order");
        Assert.That(hot.Select(static each => each.Sequence.EventTime), Is.EqualTo(new[] { daysAgo, hourAgo, now - 1, now }));

        await client.ReleaseStoryAsync("late", "s");
        await deployment.WaitUntilColdAsync(client, "late", "s", 4);
        Assert.That(await RecordedEvent.ReplayAsync(client, "late", "s"), Is.EqualTo(hot), "the same from the archive");
        Assert.That(
            await RecordedEvent.ReplayAsync(client, "late", "s", hourAgo, now - 1), Has.Count.EqualTo(1), "by its time");
        await deployment.WaitAsync(client, status => Story(status, "late").Late == 3, "3 late events in StoryFiles");
    }

    [Test]
    public async Task AnAbsurdTickIsRefusedAtTheCallAndLeavesNothingBehind()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("absurd", "s", createChronicle: true);
        ulong sound = story.LogEvent("sound"u8);
        foreach (ulong tick in (ulong[])[0, 1, 1UL << 63, ulong.MaxValue, sound + Hour, sound - (31 * 24 * Hour)])
        {
            ChronoLogException refused = Assert.Throws<ChronoLogException>(() => story.LogEventAt(tick, "absurd"u8))!;
            Assert.That(refused.Status, Is.EqualTo(Status.LimitExceeded));
            Assert.That(refused.Message, Does.Contain("-bound"), "it names the setting");
        }

        await client.ReleaseStoryAsync("absurd", "s");
        await deployment.WaitUntilColdAsync(client, "absurd", "s", 1);
        Assert.That(await RecordedEvent.ReplayAsync(client, "absurd", "s"), Has.Count.EqualTo(1));
        StatusReply status = await client.StatusAsync();
        Assert.That(
            status.Processes.Sum(static each => each.Statistics.GetValueOrDefault("events_too_old")
                + each.Statistics.GetValueOrDefault("events_far_future")),
            Is.Zero, "no Keeper saw any of them");
    }

    [Test]
    public async Task AnAutomaticWindowFollowsTheNetworkAndTheStatusShowsIt()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StatusReply status = await deployment.WaitAsync(
            client,
            reply => Of(reply, Role.Keeper).All(static keeper => keeper.Statistics.GetValueOrDefault("latency_seconds") > 0)
                && Of(reply, Role.Grapher).All(static grapher =>
                    grapher.Statistics.GetValueOrDefault("acceptance_window_seconds") is > 0 and < 30),
            "measured latencies, and the Grapher's window");
        foreach (ProcessStatus keeper in Of(status, Role.Keeper))
        {
            double latency = keeper.Statistics["latency_seconds"];
            double atw = keeper.Statistics["atw_seconds"];
            Assert.That(atw, Is.InRange(0.02, 30));
            Assert.That(atw, Is.EqualTo(Math.Max(0.02, 2 * latency)).Within(1e-6), "twice the latency, and no less than the floor");
            Assert.That(keeper.Statistics["acceptance_window_seconds"], Is.EqualTo(atw).Within(1e-6));
        }

        string text = (await deployment.RunAsync(null, "status")).Succeeded().Output;
        Assert.That(text, Does.Contain("atw_seconds=").And.Contain("LATE"));
    }

    private static StoryStatus Story(StatusReply status, string chronicle) =>
        status.Stories.Single(each => each.Chronicle == chronicle);

    private static List<ProcessStatus> Of(StatusReply status, Role role) =>
        [.. status.Processes.Where(each => each.Identity.Role == role)];
}

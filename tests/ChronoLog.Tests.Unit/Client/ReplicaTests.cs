using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Chronicles whose events go to two Keepers.</summary>
public sealed class ReplicaTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;
    private PlayedKeeper first = null!;
    private PlayedKeeper second = null!; // joins in AcquireAsync

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync(player: true);
        first = deployment.Keeper;
        client = await deployment.ConnectAsync(options => options with
        {
            FailoverAfter = TimeSpan.FromMilliseconds(300),
            ReleaseTimeout = TimeSpan.FromMilliseconds(300),
            FullTimeout = Eventually.Patience,
        });
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task Each_event_reaches_two_keepers_with_one_identity()
    {
        StoryHandle story = await AcquireAsync();
        var ticks = new ulong[2];
        story.LogEvent("a"u8);
        story.LogBatch("bc"u8, [1, 1], ticks);
        await story.FlushAsync(DurabilityLevel.Replicated, Eventually.Patience);
        Assert.That(first.RecordsOf(story.StoryId), Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(second.EventsOf(story.StoryId), Is.EqualTo(first.EventsOf(story.StoryId)));
        await client.ReleaseStoryAsync("c", "s");
    }

    [Test]
    public async Task One_keeper_is_too_few()
    {
        await client.CreateChronicleAsync("c", Attributes("replicated"));
        ChronoLogException failure = await Eventually.Failure(() => client.AcquireStoryAsync("c", "s"));
        Assert.That(failure.Status, Is.EqualTo(Status.NoKeepers));
        Assert.That(failure.Message, Does.Contain("replicas=2").And.Contain("start another one"));
    }

    [Test]
    public async Task The_level_needs_the_replicas()
    {
        await client.CreateChronicleAsync("c", new Dictionary<string, string> { ["durability"] = "replicated" });
        ChronoLogException failure = await Eventually.Failure(() => client.AcquireStoryAsync("c", "s"));
        Assert.That(failure.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(failure.Message, Does.Contain("replicas"));
    }

    [Test]
    public async Task Synced_on_one_of_two_is_not_replicated()
    {
        StoryHandle story = await AcquireAsync();
        second.Rest();
        second.Drain();
        story.LogEvent("x"u8);
        second.Drain(); // and not synced
        Assert.That(
            await Eventually.Refusal(() => story.FlushAsync(DurabilityLevel.Replicated, Short)),
            Is.EqualTo(Status.TimedOut));
        Assert.That(await Eventually.Refusal(() => client.ReleaseStoryAsync("c", "s")), Is.EqualTo(Status.TimedOut).Or.EqualTo(Status.NoKeepers));
        second.Sync();
        await story.FlushAsync(DurabilityLevel.Replicated, Eventually.Patience);
    }

    [Test]
    public async Task A_third_keeper_takes_the_place_of_a_lost_one()
    {
        StoryHandle story = await AcquireAsync();
        story.LogEvent("a"u8);
        await story.FlushAsync(DurabilityLevel.Replicated, Eventually.Patience);
        second.Rest();
        second.Drain();
        second.Sync();
        story.LogEvent("b"u8);
        Assert.That(
            await Eventually.Refusal(() => story.FlushAsync(DurabilityLevel.Replicated, Short)),
            Is.EqualTo(Status.TimedOut));

        var third = new PlayedKeeper("keeper-2");
        await deployment.JoinAsync(third);
        third.Work();
        Task recording = Task.Factory.StartNew(
            () => Enumerable.Range(0, 2000).ToList().ForEach(_ => story.LogEvent(new byte[100])), TaskCreationOptions.LongRunning);
        await recording.WaitAsync(Eventually.Patience);
        await Eventually.Until(() => third.EventsOf(story.StoryId).Count > 1000, "the third Keeper to be used");
        await Eventually.Until(
            () => first.EventsOf(story.StoryId).Count == 2002, "the first Keeper to have everything");
        await Eventually.Until(
            () => second.EventsOf(story.StoryId).Union(third.EventsOf(story.StoryId)).Count() == 2002,
            "the other two to have everything");
        List<Playback.TestEvent> pair = [.. second.EventsOf(story.StoryId).Union(third.EventsOf(story.StoryId))];
        Assert.That(pair.OrderBy(each => each.Sequence), Is.EqualTo(first.EventsOf(story.StoryId)));
    }

    private static Dictionary<string, string> Attributes(string durability) =>
        new() { ["replicas"] = "2", ["durability"] = durability };

    private async Task<StoryHandle> AcquireAsync()
    {
        await deployment.JoinAsync(second = new PlayedKeeper("keeper-1"));
        first.Work();
        second.Work();
        await client.CreateChronicleAsync("c", Attributes("replicated"));
        return await client.AcquireStoryAsync("c", "s");
    }
}

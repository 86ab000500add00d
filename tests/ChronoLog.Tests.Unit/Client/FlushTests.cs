using System.Diagnostics;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>What a flush and a release wait for, and for how long.</summary>
public sealed class FlushTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync();
        client = await deployment.ConnectAsync(options => options with { ReleaseTimeout = Short });
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task Each_level_is_reached_when_the_keeper_says_so()
    {
        StoryHandle story = await AcquireAsync("synced");
        await story.FlushAsync(DurabilityLevel.Synced, TimeSpan.Zero); // nothing was recorded
        story.LogEvent("x"u8);
        await story.FlushAsync(DurabilityLevel.Accepted, TimeSpan.Zero);
        Assert.That(await FlushAsync(story, DurabilityLevel.Journaled), Is.EqualTo(Status.TimedOut));

        deployment.Keeper.Drain();
        await story.FlushAsync(DurabilityLevel.Journaled, TimeSpan.Zero);
        Assert.That(await FlushAsync(story, DurabilityLevel.Synced), Is.EqualTo(Status.TimedOut));

        deployment.Keeper.Sync();
        await story.FlushAsync(DurabilityLevel.Synced, TimeSpan.Zero);
        Assert.That(await FlushAsync(story, DurabilityLevel.Replicated), Is.EqualTo(Status.NotSupported));
        ChronoLogException late = await Eventually.Failure(() => story.FlushAsync(DurabilityLevel.Archived, Short));
        Assert.That(late.Status, Is.EqualTo(Status.TimedOut));
        Assert.That(late.Message, Does.Contain(deployment.Keeper.Name));
        deployment.Keeper.HasArchived = true;
        await story.FlushAsync(DurabilityLevel.Archived, Eventually.Patience);
    }

    [Test]
    public async Task A_waiting_flush_ends_when_the_level_is_reached()
    {
        StoryHandle story = await AcquireAsync("synced");
        story.LogEvent("x"u8);
        Task flush = story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        deployment.Keeper.Drain();
        Assert.That(flush.IsCompleted, Is.False);

        deployment.Keeper.Sync();

        await flush.WaitAsync(Eventually.Patience);
    }

    [Test]
    public async Task A_cancelled_flush_ends_long_before_its_time_is_up()
    {
        StoryHandle story = await AcquireAsync("synced");
        story.LogEvent("x"u8);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(100)); // by then it waits
        var waited = Stopwatch.StartNew();

        Assert.That(
            async () => await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience, cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(waited.Elapsed, Is.LessThan(Eventually.Patience / 2));
    }

    [TestCase("accepted", DurabilityLevel.Accepted)]
    [TestCase("journaled", DurabilityLevel.Journaled)]
    [TestCase("synced", DurabilityLevel.Synced)]
    public async Task A_release_waits_for_the_chronicles_level(string durability, DurabilityLevel level)
    {
        StoryHandle story = await AcquireAsync(durability);
        Assert.That(story.Durability, Is.EqualTo(level));
        story.LogEvent("x"u8);
        if (level > DurabilityLevel.Accepted)
        {
            Assert.That(await ReleaseAsync(), Is.EqualTo(Status.TimedOut));
            deployment.Keeper.Drain();
        }

        if (level > DurabilityLevel.Journaled)
        {
            Assert.That(await ReleaseAsync(), Is.EqualTo(Status.TimedOut));
            deployment.Keeper.Sync();
        }

        await client.ReleaseStoryAsync("c", "s");
    }

    [Test]
    public async Task A_release_at_level_archived_waits_for_the_archive()
    {
        StoryHandle story = await AcquireAsync("archived");
        Assert.That(story.Durability, Is.EqualTo(DurabilityLevel.Archived));
        story.LogEvent("x"u8);
        Assert.That(await ReleaseAsync(), Is.EqualTo(Status.TimedOut)); // not even journaled
        deployment.Keeper.Drain();
        deployment.Keeper.Sync();
        Assert.That(await ReleaseAsync(), Is.EqualTo(Status.TimedOut));
        deployment.Keeper.HasArchived = true;
        ChronoClient patient =
            await deployment.ConnectAsync(options => options with { ReleaseTimeout = Eventually.Patience });
        (await patient.AcquireStoryAsync("c", "s")).LogEvent("y"u8);
        deployment.Keeper.Drain();
        await patient.ReleaseStoryAsync("c", "s");
    }

    [Test]
    public async Task A_release_that_timed_out_leaves_the_story_held_and_usable()
    {
        StoryHandle story = await AcquireAsync("synced");
        story.LogEvent("first"u8);
        ChronoLogException failure = await Eventually.Failure(() => client.ReleaseStoryAsync("c", "s"));
        Assert.That(failure.ClientCode, Is.EqualTo(-12));
        Assert.That((await client.StatusAsync()).Stories.Single().Acquirers, Is.EqualTo(1));

        story.LogEvent("second"u8);
        Assert.That(await client.AcquireStoryAsync("c", "s"), Is.SameAs(story));
        deployment.Keeper.Work();
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        await client.ReleaseStoryAsync("c", "s");

        Assert.That(deployment.Keeper.RecordsOf(story.StoryId), Is.EqualTo(["first", "second"]));
    }

    [Test]
    public async Task A_release_that_waits_holds_up_no_other_story()
    {
        ChronoClient patient =
            await deployment.ConnectAsync(options => options with { ReleaseTimeout = Eventually.Patience * 2 });
        await patient.CreateChronicleAsync("c");
        StoryHandle story = await patient.AcquireStoryAsync("c", "s");
        story.LogEvent("x"u8);
        Task releasing = patient.ReleaseStoryAsync("c", "s");

        await patient.AcquireStoryAsync("c", "other").WaitAsync(Eventually.Patience);

        Assert.That(releasing.IsCompleted, Is.False);
        Assert.That(await Eventually.Refusal(() => patient.DisconnectAsync()), Is.EqualTo(Status.Acquired));
        deployment.Keeper.Work();
        await releasing.WaitAsync(Eventually.Patience);
    }

    [Test]
    public async Task Of_two_releases_at_once_one_is_told_that_the_story_is_gone()
    {
        StoryHandle story = await AcquireAsync("accepted");
        story.LogEvent("x"u8);

        Task[] releases = [client.ReleaseStoryAsync("c", "s"), client.ReleaseStoryAsync("c", "s")];

        try
        {
            await Task.WhenAll(releases).WaitAsync(Eventually.Patience);
        }
        catch (ChronoLogException)
        {
        }

        Assert.That(releases.Count(each => each.IsCompletedSuccessfully), Is.EqualTo(1));
        Assert.That(
            await Eventually.Refusal(() => releases.Single(each => each.IsFaulted)), Is.EqualTo(Status.NotAcquired));
    }

    private async Task<StoryHandle> AcquireAsync(string durability)
    {
        await client.CreateChronicleAsync("c", new Dictionary<string, string> { ["durability"] = durability });
        return await client.AcquireStoryAsync("c", "s");
    }

    private Task<Status> ReleaseAsync() => Eventually.Refusal(() => client.ReleaseStoryAsync("c", "s"));

    private static Task<Status> FlushAsync(StoryHandle story, DurabilityLevel level) =>
        Eventually.Refusal(() => story.FlushAsync(level, Short));
}

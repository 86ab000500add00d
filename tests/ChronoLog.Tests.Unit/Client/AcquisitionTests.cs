using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Acquiring and releasing: who holds what, also when it fails half-way.</summary>
public sealed class AcquisitionTests
{
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync();
        client = await deployment.ConnectAsync();
        await client.CreateChronicleAsync("c");
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task Acquiring_again_gives_the_same_handle()
    {
        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        Assert.That((story.Chronicle, story.Story, story.ClientId), Is.EqualTo(("c", "s", client.ClientId)));
        Assert.That(story.StoryId, Is.EqualTo(StoryIdentity.Hash("c", "s")));

        Assert.That(await client.AcquireStoryAsync("c", "s"), Is.SameAs(story));
        Assert.That(deployment.Portal.Count(Methods.AcquireStory), Is.EqualTo(1));
        Assert.That(await client.AcquireStoryAsync("c", "t"), Is.Not.SameAs(story));
    }

    [Test]
    public async Task Acquiring_by_many_at_once_gives_one_handle_and_one_ring()
    {
        StoryHandle[] handles = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => client.AcquireStoryAsync("c", "s"))));
        await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => Task.Run(() => client.AcquireStoryAsync("c", $"s{i}"))));

        Assert.That(handles, Has.All.SameAs(handles[0]));
        Assert.That(deployment.Keeper.Recording.Count(Methods.OpenRing), Is.EqualTo(1));
        Assert.That((await client.StatusAsync()).Clients.Single().Stories, Is.EqualTo(9));
    }

    [Test]
    public async Task A_released_story_is_acquired_anew()
    {
        StoryHandle first = await client.AcquireStoryAsync("c", "s");
        await client.ReleaseStoryAsync("c", "s");
        Assert.That((await client.StatusAsync()).Stories.Single().Acquirers, Is.Zero);

        StoryHandle second = await client.AcquireStoryAsync("c", "s");

        Assert.That(second, Is.Not.SameAs(first));
        second.LogEvent("again"u8);
        Assert.That(Eventually.Refused(() => first.LogEvent("late"u8)), Is.EqualTo(Status.NotAcquired));
        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.RecordsOf(second.StoryId), Is.EqualTo(["again"]));
        Assert.That(deployment.Keeper.Recording.Count(Methods.OpenRing), Is.EqualTo(1), "the ring outlives the story");
    }

    [Test]
    public async Task Releasing_what_is_not_held_is_refused_by_its_code()
    {
        Assert.That((await Eventually.Failure(() => client.ReleaseStoryAsync("c", "s"))).ClientCode, Is.EqualTo(-5));
        await client.AcquireStoryAsync("c", "s");
        await client.ReleaseStoryAsync("c", "s");
        Assert.That((await Eventually.Failure(() => client.ReleaseStoryAsync("c", "s"))).ClientCode, Is.EqualTo(-5));

        ChronoClient other = await deployment.ConnectAsync();
        await client.AcquireStoryAsync("c", "s");
        Assert.That(await Eventually.Refusal(() => other.ReleaseStoryAsync("c", "s")), Is.EqualTo(Status.NotAcquired));
    }

    [Test]
    public async Task A_story_held_by_anybody_is_not_destroyed()
    {
        ChronoClient other = await deployment.ConnectAsync();
        await client.AcquireStoryAsync("c", "s");
        await other.AcquireStoryAsync("c", "s");
        await client.ReleaseStoryAsync("c", "s");
        Assert.That((await Eventually.Failure(() => client.DestroyStoryAsync("c", "s"))).ClientCode, Is.EqualTo(-4));

        await other.ReleaseStoryAsync("c", "s");
        await client.DestroyStoryAsync("c", "s");

        Assert.That(await Eventually.Refusal(() => client.DestroyStoryAsync("c", "s")), Is.EqualTo(Status.NotExist));
    }

    [Test]
    public async Task Without_keepers_nothing_is_acquired()
    {
        await using LoopbackDeployment bare = await LoopbackDeployment.StartAsync(keeper: false);
        ChronoClient lonely = await bare.ConnectAsync();

        ChronoLogException failure =
            await Eventually.Failure(() => lonely.AcquireStoryAsync("c", "s", createChronicle: true));

        Assert.That(failure.ClientCode, Is.EqualTo(-7));
        await lonely.DisconnectAsync();
    }

    [Test]
    public async Task A_keeper_of_another_node_is_asked_for_a_mirrored_ring_and_if_it_refuses_nothing_stays_held()
    {
        await using LoopbackDeployment remote = await LoopbackDeployment.StartAsync(keeper: false);
        var far = new PlayedKeeper("far-0", "another node");
        await remote.JoinAsync(far);
        far.Recording.Before(
            Methods.OpenRing, () => throw new ChronoLogException(Status.NotSupported, "it mirrors no ring"));
        ChronoClient lonely = await remote.ConnectAsync();

        ChronoLogException failure =
            await Eventually.Failure(() => lonely.AcquireStoryAsync("c", "s", createChronicle: true));

        Assert.That(failure.Status, Is.EqualTo(Status.NotSupported));
        Assert.That(failure.Message, Does.Contain("it mirrors no ring"));
        await lonely.DestroyStoryAsync("c", "s");
        await lonely.DisconnectAsync();
    }

    [Test]
    public async Task A_refused_ring_leaves_nothing_held_and_the_next_try_works()
    {
        bool full = true;
        deployment.Keeper.Recording.Before(Methods.OpenRing, () => full
            ? throw new ChronoLogException(Status.LimitExceeded, "no further ring")
            : default);
        ChronoLogException failure = await Eventually.Failure(() => client.AcquireStoryAsync("c", "s"));
        Assert.That(failure.Message, Does.Contain("no further ring"));
        Assert.That((await client.StatusAsync()).Stories.Single().Acquirers, Is.Zero);

        full = false;

        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        Assert.That(story.LogEvent("in"u8), Is.Positive);
    }

    [Test]
    public async Task A_refused_ring_is_what_is_reported_when_the_visor_goes_too()
    {
        deployment.Keeper.Recording.Before(
            Methods.OpenRing, () => throw new ChronoLogException(Status.LimitExceeded, "no further ring"));
        deployment.Portal.Before(
            Methods.ReleaseStory, () => throw new ChronoLogException(Status.Internal, "the visor stumbled"));

        ChronoLogException failure = await Eventually.Failure(() => client.AcquireStoryAsync("c", "s"));

        Assert.That(failure.Message, Does.Contain("no further ring"));
    }

    [Test]
    public async Task An_acquisition_cancelled_at_the_keeper_leaves_nothing_held()
    {
        var held = new TaskCompletionSource();
        deployment.Keeper.Recording.Before(Methods.OpenRing, () => new ValueTask(held.Task));
        await CancelWhenAsync(() => deployment.Keeper.Recording.Count(Methods.OpenRing) == 1);

        Assert.That((await client.StatusAsync()).Stories.Single().Acquirers, Is.Zero);
        await client.DestroyStoryAsync("c", "s");
        held.SetResult();
    }

    [Test]
    public async Task An_acquisition_cancelled_at_the_visor_leaves_nothing_held()
    {
        var held = new TaskCompletionSource();
        deployment.Keeper.Admin.Before(Methods.StartStoryRecording, () => new ValueTask(held.Task));
        await CancelWhenAsync(() => deployment.Keeper.Admin.Count(Methods.StartStoryRecording) == 1);

        Assert.That((await client.StatusAsync()).Stories.Single().Acquirers, Is.Zero);
        held.SetResult();
        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        Assert.That(story.LogEvent("in"u8), Is.Positive);
    }

    [Test]
    public async Task An_acquisition_that_timed_out_at_the_visor_leaves_nothing_held()
    {
        ChronoClient hasty =
            await deployment.ConnectAsync(options => options with { CallDeadline = TimeSpan.FromMilliseconds(200) });
        var held = new TaskCompletionSource();
        deployment.Keeper.Admin.Before(Methods.StartStoryRecording, () => new ValueTask(held.Task));

        Assert.That(await Eventually.Refusal(() => hasty.AcquireStoryAsync("c", "s")), Is.EqualTo(Status.TimedOut));

        Assert.That((await client.StatusAsync()).Stories.Single().Acquirers, Is.Zero);
        held.SetResult();
    }

    [Test]
    public async Task A_release_after_the_visors_restart_succeeds()
    {
        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        await deployment.RestartVisorAsync();
        await Eventually.Until(async () => await AnswersAsync(), "the client is connected again");

        await client.ReleaseStoryAsync("c", "s");

        Assert.That(Eventually.Refused(() => story.LogEvent("late"u8)), Is.EqualTo(Status.NotAcquired));
        await client.DisconnectAsync();
    }

    [Test]
    public async Task While_a_release_is_under_way_nothing_is_recorded()
    {
        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        var held = new TaskCompletionSource();
        deployment.Portal.Before(Methods.ReleaseStory, () => new ValueTask(held.Task));
        Task release = client.ReleaseStoryAsync("c", "s");
        await Eventually.Until(() => deployment.Portal.Count(Methods.ReleaseStory) == 1, "the release is at the Visor");

        Assert.That(
            Eventually.Refused(() => story.LogEvent("whose?"u8)), Is.EqualTo(Status.NotAcquired),
            "from now on anybody may destroy the story");
        held.SetResult();
        await release;
    }

    [Test]
    public async Task A_release_that_does_not_reach_the_journal_leaves_the_story_open()
    {
        ChronoClient hasty =
            await deployment.ConnectAsync(options => options with { ReleaseTimeout = TimeSpan.FromMilliseconds(100) });
        StoryHandle story = await hasty.AcquireStoryAsync("c", "s");
        story.LogEvent("not drained"u8);
        Assert.That(
            await Eventually.Refusal(() => hasty.ReleaseStoryAsync("c", "s")),
            Is.AnyOf(Status.TimedOut, Status.NoKeepers));
        Assert.That(story.LogEvent("goes on"u8), Is.Positive);
        Assert.That(deployment.Portal.Count(Methods.ReleaseStory), Is.Zero);
    }

    [Test]
    public async Task A_release_without_an_answer_leaves_nothing_open_until_the_story_is_acquired_again()
    {
        ChronoClient hasty =
            await deployment.ConnectAsync(options => options with { CallDeadline = TimeSpan.FromMilliseconds(200) });
        StoryHandle story = await hasty.AcquireStoryAsync("c", "s");
        var held = new TaskCompletionSource();
        deployment.Portal.Before(Methods.ReleaseStory, () => new ValueTask(held.Task));
        Assert.That(await Eventually.Refusal(() => hasty.ReleaseStoryAsync("c", "s")), Is.EqualTo(Status.TimedOut));
        Assert.That(Eventually.Refused(() => story.LogEvent("whose?"u8)), Is.EqualTo(Status.NotAcquired));

        held.SetResult();
        await Eventually.Until(
            async () => (await client.StatusAsync()).Stories.Single().Acquirers == 0, "the Visor releases it after all");
        Assert.That(await hasty.AcquireStoryAsync("c", "s"), Is.SameAs(story));
        Assert.That(story.LogEvent("mine"u8), Is.Positive);
        Assert.That((await client.StatusAsync()).Stories.Single().Acquirers, Is.EqualTo(1));
    }

    [Test]
    public async Task A_story_given_back_and_destroyed_meanwhile_is_acquired_as_another_one()
    {
        ChronoClient hasty =
            await deployment.ConnectAsync(options => options with { CallDeadline = TimeSpan.FromMilliseconds(200) });
        StoryHandle story = await hasty.AcquireStoryAsync("c", "s");
        var held = new TaskCompletionSource();
        deployment.Portal.Before(Methods.ReleaseStory, () => new ValueTask(held.Task));
        Assert.That(await Eventually.Refusal(() => hasty.ReleaseStoryAsync("c", "s")), Is.EqualTo(Status.TimedOut));
        held.SetResult();
        await Eventually.Until(
            async () => (await client.StatusAsync()).Stories.Single().Acquirers == 0, "the Visor releases it after all");
        await client.DestroyStoryAsync("c", "s");

        StoryHandle next = await hasty.AcquireStoryAsync("c", "s");
        Assert.That(next.StoryId, Is.Not.EqualTo(story.StoryId));
        Assert.That(next.LogEvent("of the new one"u8), Is.Positive);
        Assert.That(Eventually.Refused(() => story.LogEvent("of the old one"u8)), Is.EqualTo(Status.NotAcquired));
    }

    [Test]
    public async Task Local_first_takes_one_ring_and_round_robin_all()
    {
        var second = new PlayedKeeper("keeper-1");
        await deployment.JoinAsync(second);
        ChronoClient spread =
            await deployment.ConnectAsync(options => options with { Placement = Placement.RoundRobin });
        StoryHandle story = await spread.AcquireStoryAsync("c", "s");
        Log(story, 10);
        Assert.That((deployment.Keeper.Drain(), second.Drain()), Is.EqualTo((5, 5)));

        StoryHandle local = await client.AcquireStoryAsync("c", "s");
        Log(local, 10);

        Assert.That(new[] { deployment.Keeper.Drain(), second.Drain() }, Is.EquivalentTo([0, 10]));
    }

    private static void Log(StoryHandle story, int count)
    {
        for (int i = 0; i < count; i++)
        {
            story.LogEvent("x"u8);
        }
    }

    private async Task CancelWhenAsync(Func<bool> condition)
    {
        using var cancellation = new CancellationTokenSource();
        Task<StoryHandle> acquiring = client.AcquireStoryAsync("c", "s", cancellation: cancellation.Token);
        await Eventually.Until(condition, "the acquisition is under way");
        await cancellation.CancelAsync();
        Assert.That(
            async () => await acquiring.WaitAsync(Eventually.Patience),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await client.ShowChroniclesAsync();
            return true;
        }
        catch (ChronoLogException)
        {
            return false;
        }
    }
}

using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Leaving in order, leaving at once, and what is left of a client that has gone.</summary>
public sealed class DisconnectTests
{
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync();
        client = await deployment.ConnectAsync();
        await client.CreateChronicleAsync("c", new Dictionary<string, string> { ["durability"] = "accepted" });
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task Leaving_with_stories_held_is_refused_and_the_client_stays_usable()
    {
        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        ChronoLogException failure = await Eventually.Failure(() => client.DisconnectAsync());
        Assert.That(failure.ClientCode, Is.EqualTo(-4));
        Assert.That(failure.Message, Does.Contain("1 stories"));

        story.LogEvent("still here"u8);
        await client.AcquireStoryAsync("c", "t");
        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.RecordsOf(story.StoryId), Is.EqualTo(["still here"]));
        await client.ReleaseStoryAsync("c", "s");
        await client.ReleaseStoryAsync("c", "t");

        await client.DisconnectAsync();

        Assert.That(deployment.Portal.Count(Methods.Disconnect), Is.EqualTo(1));
    }

    [Test]
    public async Task After_leaving_every_call_is_no_connection()
    {
        await client.AcquireStoryAsync("c", "s");
        await client.ReleaseStoryAsync("c", "s");
        await client.DisconnectAsync();
        Func<Task>[] calls =
        [
            () => client.ShowChroniclesAsync(), () => client.CreateChronicleAsync("d"), () => client.StatusAsync(),
            () => client.AcquireStoryAsync("c", "s"), () => client.ReplayAsync("c", "s"),
            () => client.DisconnectAsync(),
        ];

        foreach (Func<Task> call in calls)
        {
            Assert.That((await Eventually.Failure(call)).ClientCode, Is.EqualTo(-8));
        }

        Assert.That(await Eventually.Refusal(() => client.ReleaseStoryAsync("c", "s")), Is.EqualTo(Status.NotAcquired));
    }

    [Test]
    public async Task Disposing_gives_held_stories_and_rings_back()
    {
        await client.AcquireStoryAsync("c", "s");

        await client.DisposeAsync();

        ChronoClient other = await deployment.ConnectAsync();
        StatusReply status = await other.StatusAsync();
        Assert.That(status.Clients.Select(each => each.ClientId), Is.EqualTo([other.ClientId]));
        Assert.That(status.Stories.Single().Acquirers, Is.Zero);
        Assert.That(deployment.Keeper.Recording.Count(Methods.CloseRing), Is.EqualTo(1));
        Assert.That(
            await Eventually.Refusal(() => client.AcquireStoryAsync("c", "t")), Is.EqualTo(Status.NoConnection));
    }

    [Test]
    public async Task A_held_story_is_not_handed_out_by_a_client_that_is_disposed()
    {
        await client.AcquireStoryAsync("c", "s");
        await client.DisposeAsync();

        Assert.That(
            await Eventually.Refusal(() => client.AcquireStoryAsync("c", "s")), Is.EqualTo(Status.NoConnection));
    }

    [Test]
    public async Task Disposing_again_or_by_many_at_once_changes_nothing()
    {
        await client.AcquireStoryAsync("c", "s");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await client.DisposeAsync())))
            .WaitAsync(Eventually.Patience);
        await client.DisposeAsync();

        Assert.That(deployment.Portal.Count(Methods.Disconnect), Is.EqualTo(1));
        Assert.That(deployment.Keeper.Recording.Count(Methods.CloseRing), Is.EqualTo(1));
    }

    [Test]
    public async Task Disposing_after_leaving_says_nothing_more()
    {
        await client.DisconnectAsync();

        await client.DisposeAsync();

        Assert.That(deployment.Portal.Count(Methods.Disconnect), Is.EqualTo(1));
    }

    [Test]
    public async Task Disposing_works_without_visor_and_keeper()
    {
        ChronoClient orphan = await deployment.ConnectAsync();
        await orphan.AcquireStoryAsync("c", "s");
        await deployment.StopVisorAsync();
        await deployment.Keeper.Recording.DisposeAsync();

        await orphan.DisposeAsync().AsTask().WaitAsync(Eventually.Patience);
    }

    [Test]
    public async Task A_renewal_under_way_does_not_bring_a_client_back_that_leaves()
    {
        await using LoopbackDeployment hasty = await LoopbackDeployment.StartAsync(
            new VisorOptions { ClientLease = TimeSpan.FromMilliseconds(300) }, keeper: false);
        ChronoClient leaving = await hasty.ConnectAsync();
        await Eventually.Until(() => hasty.Portal.Count(Methods.KeepAlive) > 0, "the client renews its lease");

        // The Visor has heard the leave; its answer takes as long as five renewals are apart.
        hasty.Portal.After(Methods.Disconnect, () => new ValueTask(Task.Delay(500)));
        await leaving.DisconnectAsync();

        ChronoClient other = await hasty.ConnectAsync();
        Assert.That((await other.StatusAsync()).Clients.Select(each => each.ClientId), Is.EqualTo([other.ClientId]));
    }
}

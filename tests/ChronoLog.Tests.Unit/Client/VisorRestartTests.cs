using System.Collections.Concurrent;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>A client whose Visor is restarted, or forgets it, goes on as if nothing had been.</summary>
public sealed class VisorRestartTests
{
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync(Fast);
        client = await deployment.ConnectAsync();
        await client.CreateChronicleAsync("c");
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task What_is_held_is_acquired_again_and_the_handles_stay()
    {
        StoryHandle one = await client.AcquireStoryAsync("c", "one");
        await client.AcquireStoryAsync("c", "two");
        await client.AcquireStoryAsync("c", "gone");
        await client.ReleaseStoryAsync("c", "gone");

        await deployment.RestartVisorAsync();

        await Eventually.Until(async () => await AcquirersAsync() == "gone 0, one 1, two 1", "both are held again");
        Assert.That(await client.AcquireStoryAsync("c", "one"), Is.SameAs(one));
        one.LogEvent("goes on"u8);
        deployment.Keeper.Drain();
        deployment.Keeper.Sync();
        Assert.That(deployment.Keeper.RecordsOf(one.StoryId), Is.EqualTo(["goes on"]));
        Assert.That(deployment.Keeper.Recording.Count(Methods.OpenRing), Is.EqualTo(1));
        ChronoClient other = await deployment.ConnectAsync();
        ChronoLogException refusal = await Eventually.Failure(() => other.DestroyStoryAsync("c", "one"));
        Assert.That(refusal.Message, Does.Contain("held by 1 client"));
        await client.ReleaseStoryAsync("c", "one");
        await other.DestroyStoryAsync("c", "one");
    }

    [Test]
    public async Task A_visor_that_goes_away_again_in_between_asks_again()
    {
        await client.AcquireStoryAsync("c", "one");
        await client.AcquireStoryAsync("c", "two");
        await deployment.RestartVisorAsync();
        int calls = 0;
        deployment.Portal.Before(Methods.AcquireStory, () => Interlocked.Increment(ref calls) == 2
            ? throw new ChronoLogException(Status.Internal, "stumbles")
            : default);

        await Eventually.Until(async () => await AcquirersAsync() == "one 1, two 1", "both are held again");
        Assert.That(calls, Is.GreaterThanOrEqualTo(4), "the first again, for the round was not complete");
    }

    [Test]
    public async Task A_story_destroyed_meanwhile_does_not_hold_up_the_others()
    {
        await client.AcquireStoryAsync("c", "one");
        await client.AcquireStoryAsync("c", "two");
        await deployment.RestartVisorAsync();
        bool first = true;
        deployment.Portal.Before(Methods.AcquireStory, () =>
        {
            bool isFirst = first;
            first = false;
            return isFirst ? throw new ChronoLogException(Status.NotExist, "there is no story") : default;
        });

        await Eventually.Until(async () => await AcquirersAsync() == "one 0, two 1", "the other one is held again");
    }

    [Test]
    public async Task New_keepers_and_dead_ones_reach_a_running_client()
    {
        var views = new ConcurrentQueue<GroupView>();
        client.GroupChanged += views.Enqueue;
        client.GroupChanged += _ => throw new InvalidOperationException("a listener that fails");
        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        Assert.That(views.Single().Keepers, Has.Count.EqualTo(1));

        await deployment.JoinAsync(new PlayedKeeper("keeper-1"));

        await Eventually.Until(() => views.Count == 2, "the new Keeper is told");
        Assert.That(views.Last().Keepers.Select(keeper => keeper.Name), Does.Contain("keeper-1"));
        Assert.That(client.Group(story.Group)!.Epoch, Is.EqualTo(views.Last().Epoch));
        await deployment.RestartVisorAsync();
        await Eventually.Until(() => views.Last().Epoch > views.ElementAt(1).Epoch, "views go on after the restart");
    }

    // Calls and leases in which a test has no time to wait.
    private static VisorOptions Fast => new() { HeartbeatPeriod = TimeSpan.FromMilliseconds(50) };

    private async Task<string> AcquirersAsync()
    {
        try
        {
            StatusReply status = await client.StatusAsync();
            return string.Join(", ", status.Stories.Select(story => $"{story.Story} {story.Acquirers}"));
        }
        catch (ChronoLogException exception)
        {
            return exception.Message;
        }
    }
}

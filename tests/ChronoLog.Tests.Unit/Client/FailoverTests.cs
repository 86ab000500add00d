using System.Diagnostics;
using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>A Keeper falls silent, or joins, while clients record.</summary>
public sealed class FailoverTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(300);

    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;
    private StoryHandle story = null!;
    private PlayedKeeper near = null!;
    private PlayedKeeper other = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync(player: true);
        var second = new PlayedKeeper("keeper-1");
        await deployment.JoinAsync(second);
        deployment.Keeper.Work();
        second.Work();
        client = await ConnectAsync();
        await client.CreateChronicleAsync("c");
        story = await client.AcquireStoryAsync("c", "s");
        (near, other) = deployment.Keeper.Rings > 0 ? (deployment.Keeper, second) : (second, deployment.Keeper);
        Assert.That(other.Rings, Is.Zero, "local-first uses one Keeper");
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task What_a_silent_keeper_has_not_taken_goes_to_another_one()
    {
        List<TestEvent> recorded = Log(100);
        await Eventually.Until(() => near.EventsOf(story.StoryId).Count == 100, "the first Keeper to take events");
        near.Rest();
        recorded.AddRange(Log(100));

        await Eventually.Until(() => other.EventsOf(story.StoryId).Count == 100, "the other Keeper to take the rest");
        recorded.AddRange(Log(100));
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);

        Assert.That(near.EventsOf(story.StoryId), Is.EqualTo(recorded.Take(100)));
        Assert.That(other.EventsOf(story.StoryId), Is.EqualTo(recorded.Skip(100)));
        near.Drain(); // it comes back: the same events once more, and nothing else
        Assert.That(near.EventsOf(story.StoryId), Is.EqualTo(recorded.Take(200)));
    }

    [Test]
    public async Task Who_waits_in_its_full_ring_goes_on()
    {
        near.Rest();
        near.Drain();
        byte[] record = new byte[1000];
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < 200; i++)
        {
            story.LogEvent(record); // the ring takes 64 of them
        }

        Assert.That(watch.Elapsed, Is.LessThan(Silence + TimeSpan.FromSeconds(3)));
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        Assert.That(other.EventsOf(story.StoryId), Has.Count.EqualTo(200));
    }

    [Test]
    public async Task A_flush_that_waits_ends_with_the_other_keeper()
    {
        near.Rest();
        story.LogEvent("x"u8);
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        Assert.That(other.RecordsOf(story.StoryId), Is.EqualTo(new[] { "x" }));
    }

    [Test]
    public async Task What_nobody_has_said_to_be_synced_is_not_reported_as_synced()
    {
        near.Rest();
        story.LogEvent("taken, not synced"u8);
        near.Drain();
        story.LogEvent("not taken"u8);
        await story.FlushAsync(DurabilityLevel.Journaled, Eventually.Patience);
        await Eventually.Until(() => other.EventsOf(story.StoryId).Count == 1, "the failover");

        ChronoLogException failure = await Eventually.Failure(
            () => story.FlushAsync(DurabilityLevel.Synced, TimeSpan.FromMilliseconds(50)));
        Assert.That(failure.Status, Is.EqualTo(Status.NoKeepers));
        Assert.That(failure.Message, Does.Contain(near.Name).And.Contain("start it again"));
        Assert.That(await Eventually.Refusal(() => client.ReleaseStoryAsync("c", "s")), Is.EqualTo(Status.NoKeepers));

        near.Sync(); // it is back
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        await client.ReleaseStoryAsync("c", "s");
    }

    [Test]
    public async Task A_story_can_be_released_at_a_lower_level()
    {
        near.Rest();
        story.LogEvent("taken, not synced"u8);
        near.Drain();
        await client.ReleaseStoryAsync("c", "s", DurabilityLevel.Journaled);
        Assert.That(Eventually.Refused(() => story.LogEvent("x"u8)), Is.EqualTo(Status.NotAcquired));
    }

    [Test]
    public async Task It_needs_no_visor()
    {
        await deployment.StopVisorAsync();
        near.Rest();
        near.Drain();
        List<TestEvent> recorded = Log(50);
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        Assert.That(other.EventsOf(story.StoryId), Is.EqualTo(recorded));
        await deployment.RestartVisorAsync();
    }

    [Test]
    public async Task Without_another_keeper_it_is_waited_for()
    {
        other.Rest();
        await other.Recording.DisposeAsync();
        near.Rest();
        near.Drain();
        List<TestEvent> recorded = Log(10);
        Assert.That(
            await Eventually.Refusal(() => story.FlushAsync(DurabilityLevel.Synced, 3 * Silence)),
            Is.EqualTo(Status.TimedOut));
        Assert.That(await Eventually.Refusal(() => client.ReleaseStoryAsync("c", "s")), Is.EqualTo(Status.TimedOut));

        near.Work();
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        Assert.That(near.EventsOf(story.StoryId), Is.EqualTo(recorded));
        await client.ReleaseStoryAsync("c", "s");
    }

    [Test]
    public async Task Leaving_never_hangs()
    {
        near.Rest();
        other.Rest();
        await near.Recording.DisposeAsync();
        await other.Recording.DisposeAsync();
        story.LogEvent("x"u8);
        var watch = Stopwatch.StartNew();
        await client.DisposeAsync();
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task A_closed_ring_is_left_at_once_and_no_call_fails()
    {
        List<TestEvent> recorded = Log(10);
        near.CloseRings();
        recorded.AddRange(Log(10));
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        IEnumerable<TestEvent> all = near.EventsOf(story.StoryId).Union(other.EventsOf(story.StoryId));
        Assert.That(all.OrderBy(each => each.Sequence), Is.EqualTo(recorded));
    }

    [Test]
    public async Task Four_threads_lose_and_repeat_nothing()
    {
        const int Events = 20_000;
        Task near_dies = Eventually.Until(() => near.EventsOf(story.StoryId).Count > Events / 4, "some events")
            .ContinueWith(_ => near.Rest(), TaskScheduler.Default);
        Task<List<TestEvent>>[] threads =
        [
            .. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() => Log(Events / 4), TaskCreationOptions.LongRunning)),
        ];
        List<TestEvent>[] recorded = await Task.WhenAll(threads);
        await near_dies;
        near.Sync();
        await story.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
        List<TestEvent> expected = [.. recorded.SelectMany(each => each).OrderBy(each => each.Sequence)];
        List<TestEvent> all = [.. near.EventsOf(story.StoryId), .. other.EventsOf(story.StoryId)];
        Assert.That(all.Distinct().OrderBy(each => each.Sequence), Is.EqualTo(expected));
    }

    [TestCase(Placement.RoundRobin)]
    [TestCase(Placement.LocalFirst)]
    public async Task A_new_keeper_is_taken_in_by_round_robin_only(Placement placement)
    {
        ChronoClient growing = await ConnectAsync(placement);
        StoryHandle handle = await growing.AcquireStoryAsync("c", "s");
        var third = new PlayedKeeper("keeper-2");
        await deployment.JoinAsync(third);
        third.Work();
        if (placement == Placement.LocalFirst)
        {
            // One more look of a client that would grow has passed when that client has grown.
            ChronoClient witness = await ConnectAsync(Placement.RoundRobin);
            await witness.AcquireStoryAsync("c", "s");
        }

        await Eventually.Until(
            () =>
            {
                handle.LogEvent("x"u8);
                return third.Rings == 1;
            },
            "a ring at the new Keeper");
        if (placement == Placement.RoundRobin)
        {
            await Eventually.Until(
                () =>
                {
                    handle.LogEvent("x"u8);
                    return third.EventsOf(handle.StoryId).Count > 0;
                },
                "events at the new Keeper");
        }
        else
        {
            await handle.FlushAsync(DurabilityLevel.Synced, Eventually.Patience);
            Assert.That(third.EventsOf(handle.StoryId), Is.Empty);
        }
    }

    private Task<ChronoClient> ConnectAsync(Placement placement = Placement.LocalFirst) =>
        deployment.ConnectAsync(options => options with
        {
            FailoverAfter = Silence,
            FullTimeout = Eventually.Patience,
            ReleaseTimeout = TimeSpan.FromMilliseconds(200),
            Placement = placement,
        });

    private List<TestEvent> Log(int count)
    {
        var recorded = new List<TestEvent>(count);
        for (int i = 0; i < count; i++)
        {
            string record = string.Create(CultureInfo.InvariantCulture, $"event {i}");
            ulong tick = story.LogEvent(Encoding.UTF8.GetBytes(record), out uint index);
            recorded.Add(new TestEvent(tick, story.ClientId, index, record));
        }

        return recorded;
    }
}

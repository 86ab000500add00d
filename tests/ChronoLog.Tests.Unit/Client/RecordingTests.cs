using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Recording events through a handle: what arrives, and what is refused.</summary>
public sealed class RecordingTests
{
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;
    private StoryHandle story = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync();
        client = await deployment.ConnectAsync(
            options => options with { FullTimeout = TimeSpan.FromMilliseconds(50) });
        await client.CreateChronicleAsync("c", new Dictionary<string, string> { ["durability"] = "accepted" });
        story = await client.AcquireStoryAsync("c", "s");
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public void Events_arrive_with_their_identity_in_order()
    {
        ulong begin = client.Clock.Now;
        ulong first = story.LogEvent("first"u8, out uint firstIndex);
        ulong second = story.LogEvent([], out uint secondIndex);
        ulong end = client.Clock.Now;

        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.EventsOf(story.StoryId), Is.EqualTo(new[]
        {
            new TestEvent(first, client.ClientId, firstIndex, "first"),
            new TestEvent(second, client.ClientId, secondIndex, ""),
        }));
        Assert.That(first, Is.InRange(begin, second));
        Assert.That(second, Is.InRange(first, end));
    }

    [Test]
    public void An_event_has_the_time_that_its_client_gives_it_and_the_visor_knows_of_it()
    {
        ulong before = story.LogEvent("before"u8);
        ulong hourAgo = client.Clock.Now - 3_600_000_000_000;
        uint index = story.LogEventAt(hourAgo, "late"u8);
        ulong after = story.LogEvent("after"u8);
        story.LogEventAt(hourAgo, "late again"u8);

        deployment.Keeper.Drain();
        List<TestEvent> events = deployment.Keeper.EventsOf(story.StoryId);
        Assert.That(events.Select(each => each.Record), Is.EqualTo(["late", "late again", "before", "after"]));
        Assert.That(events[0], Is.EqualTo(new TestEvent(hourAgo, client.ClientId, index, "late")));
        Assert.That(after, Is.GreaterThan(before), "own times do not lead the others");
        Assert.That(events.Select(static each => each.Index), Is.Unique);
        Assert.That(deployment.Portal.Count(Methods.AcquireStory), Is.EqualTo(2), "to acquire, and once to declare");
    }

    [Test]
    public async Task A_story_that_was_given_back_is_not_taken_again_by_a_declaration()
    {
        await client.ReleaseStoryAsync("c", "s");
        Assert.That(
            async () => await story.DeclareOwnTimesAsync(),
            Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(Status.NotAcquired));
        Assert.That(deployment.Portal.Count(Methods.AcquireStory), Is.EqualTo(1));
    }

    [Test]
    public void A_time_out_of_bounds_is_refused_at_the_call_and_takes_nothing()
    {
        ulong now = client.Clock.Now;
        foreach (ulong tick in (ulong[])[0, 1, now - (31 * 86_400_000_000_000UL), now + 60_000_000_000, 1UL << 63, ulong.MaxValue])
        {
            ChronoLogException failure = Assert.Throws<ChronoLogException>(() => story.LogEventAt(tick, "x"u8))!;
            Assert.That(failure.Status, Is.EqualTo(Status.LimitExceeded));
            Assert.That(failure.Message, Does.Contain($"{tick}").And.Contain("-bound"));
        }

        story.LogEventAt(now - (8 * 86_400_000_000_000UL), "8 days late"u8);
        Assert.That(deployment.Keeper.Drain(), Is.EqualTo(1));
    }

    [Test]
    public void A_batch_arrives_as_single_events_do()
    {
        var ticks = new ulong[3];

        story.LogBatch("onetwothree"u8, [3, 3, 5], ticks);

        deployment.Keeper.Drain();
        List<TestEvent> events = deployment.Keeper.EventsOf(story.StoryId);
        Assert.That(events.Select(each => each.Record), Is.EqualTo(["one", "two", "three"]));
        Assert.That(events.Select(each => each.Time), Is.EqualTo(ticks));
        Assert.That(
            () => story.LogBatch("x"u8, [1], []), Throws.InstanceOf<ArgumentOutOfRangeException>(), "a tick per event");
    }

    [Test]
    public void An_oversized_event_is_refused_and_the_next_is_taken()
    {
        int longest = RingLayout.RecordBytesMaxFor(RingLayout.CapacityMin);
        ChronoLogException failure =
            Assert.Throws<ChronoLogException>(() => story.LogEvent(new byte[longest + 1]))!;
        Assert.That(failure.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(failure.Message, Does.Contain($"{longest + 1} bytes").And.Contain("larger ring"));

        story.LogEvent(Encoding.ASCII.GetBytes(new string('x', longest)));

        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.RecordsOf(story.StoryId).Select(record => record.Length), Is.EqualTo([longest]));
    }

    [Test]
    public async Task A_larger_ring_takes_larger_events()
    {
        ChronoClient large = await deployment.ConnectAsync(options => options with { RingCapacityBytes = 1 << 20 });
        StoryHandle handle = await large.AcquireStoryAsync("c", "large");

        handle.LogEvent(Encoding.ASCII.GetBytes(new string('x', 100_000)));

        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.RecordsOf(handle.StoryId).Single(), Has.Length.EqualTo(100_000));
    }

    [Test]
    public void A_full_ring_times_out_and_what_was_taken_before_stays()
    {
        var record = new byte[1000];
        int logged = 0;
        Status refusal = Eventually.Refused(() =>
        {
            while (true)
            {
                story.LogEvent(record);
                logged++;
            }
        });

        Assert.That((refusal, logged), Is.EqualTo((Status.TimedOut, 64)), "frames of 1024 bytes");
        Assert.That(deployment.Keeper.Drain(), Is.EqualTo(64));
        story.LogEvent("room again"u8);
        Assert.That(deployment.Keeper.Drain(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_released_story_takes_nothing()
    {
        story.LogEvent("before"u8);

        await client.ReleaseStoryAsync("c", "s");

        Assert.That(
            Assert.Throws<ChronoLogException>(() => story.LogEvent("after"u8))!.ClientCode, Is.EqualTo(-5));
        Assert.That(
            Eventually.Refused(() => story.LogBatch("after"u8, [5], new ulong[1])), Is.EqualTo(Status.NotAcquired));
        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.RecordsOf(story.StoryId), Is.EqualTo(["before"]));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_client_that_has_left_takes_nothing(bool inOrder)
    {
        story.LogEvent("before"u8);

        if (inOrder)
        {
            await client.ReleaseStoryAsync("c", "s");
            await client.DisconnectAsync();
        }
        else
        {
            await client.DisposeAsync();
        }

        Assert.That(Eventually.Refused(() => story.LogEvent("after"u8)), Is.EqualTo(Status.NotAcquired));
        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.RecordsOf(story.StoryId), Is.EqualTo(["before"]), "what was recorded stays");
    }

    [Test]
    public async Task Many_threads_record_into_two_stories_and_nothing_is_lost_or_mixed()
    {
        const int Threads = 4;
        const int EventsPerThread = 5_000;
        ChronoClient patient = await deployment.ConnectAsync();
        StoryHandle[] stories =
            [await patient.AcquireStoryAsync("c", "even"), await patient.AcquireStoryAsync("c", "odd")];
        deployment.Keeper.Work();

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () => LogAll(stories[thread % 2], thread, EventsPerThread), TaskCreationOptions.LongRunning)));
        await patient.ReleaseStoryAsync("c", "even");
        await patient.ReleaseStoryAsync("c", "odd");
        deployment.Keeper.Drain();

        List<TestEvent> all = [];
        for (int i = 0; i < stories.Length; i++)
        {
            List<TestEvent> events = deployment.Keeper.EventsOf(stories[i].StoryId);
            all.AddRange(events);
            foreach (int thread in new[] { i, i + 2 })
            {
                IEnumerable<string> records = events.Select(e => e.Record);
                Assert.That(
                    records.Where(record => record.StartsWith($"{thread} ", StringComparison.Ordinal)),
                    Is.EqualTo(Enumerable.Range(0, EventsPerThread).Select(number => $"{thread} {number}")),
                    "a thread's events in the order of its calls");
            }
        }

        Assert.That(all, Has.Count.EqualTo(Threads * EventsPerThread));
        Assert.That(all.Select(e => e.Sequence).Distinct().Count(), Is.EqualTo(all.Count), "identities are unique");
    }

    private static void LogAll(StoryHandle handle, int thread, int count)
    {
        for (int number = 0; number < count; number++)
        {
            handle.LogEvent(Encoding.ASCII.GetBytes($"{thread} {number}"));
        }
    }
}

using System.Collections.Concurrent;
using ChronoLog.Client;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Following a story at a Player that the test plays: every event once, whatever happens.</summary>
public sealed class PlaybackTests
{
    private readonly ConcurrentQueue<TestEvent> shown = new();
    private readonly ConcurrentQueue<(bool IsInOrder, ulong Watermark, string Events)> pages = new();
    private readonly ConcurrentQueue<string> gaps = new();
    private readonly List<TestEvent> recorded = [];
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;
    private CancellationTokenSource stop = null!;
    private volatile int replays;
    private ulong replayedFrom;

    [SetUp]
    public async Task StartAsync()
    {
        shown.Clear();
        pages.Clear();
        gaps.Clear();
        recorded.Clear();
        replays = 0;
        stop = new CancellationTokenSource();
        deployment = await LoopbackDeployment.StartAsync(player: true);
        client = await deployment.ConnectAsync();
        await client.AcquireStoryAsync("c", "s", createChronicle: true);
        deployment.Player.Plan = request =>
        {
            replays++;
            Volatile.Write(ref replayedFrom, request.StartTime);
            lock (recorded)
            {
                return PlayedPlayer.Snapshot(request, recorded);
            }
        };
    }

    [TearDown]
    public async Task StopAsync()
    {
        await deployment.DisposeAsync();
        stop.Dispose();
    }

    [TestCase(PlaybackMode.Ordered)]
    [TestCase(PlaybackMode.Immediate)]
    public async Task History_and_what_comes_then_are_shown_once_and_in_order(PlaybackMode mode)
    {
        List<TestEvent> events = TestEvent.Series(300, first: 10);
        deployment.Player.Settles = false; // or what comes then would be late
        Task playback = Follow(mode, events[..100]);
        Task recording = Task.Run(async () =>
        {
            foreach (TestEvent each in events[100..])
            {
                await RecordAsync(each);
            }

            await deployment.Player.FollowedAsync(story =>
            {
                deployment.Player.Settles = true;
                story.State(client.Clock.Now, 0);
            });
        });

        await recording;
        await Eventually.Until(() => shown.Count >= 300, "all events");
        await EndAsync(playback);
        Assert.That(shown, Is.EqualTo(events));
        Assert.That(pages.All(page => page.IsInOrder), Is.True);
    }

    [Test]
    public async Task An_immediate_one_says_what_is_late()
    {
        Task playback = Follow(PlaybackMode.Immediate, TestEvent.Series(9, first: 10, step: 10));
        await Eventually.Until(() => shown.Count == 9, "the history");

        await RecordAsync(new TestEvent(25, 2, 0, "late"));
        await RecordAsync(new TestEvent(100, 2, 1, "next"));

        await Eventually.Until(() => shown.Count == 11, "both events");
        await EndAsync(playback);
        Assert.That(pages.TakeLast(2).Select(page => (page.IsInOrder, page.Events)), Is.EqualTo(new[]
        {
            (false, "late"), (true, "next"),
        }));
    }

    [Test]
    public async Task An_ordered_one_waits_for_all_keepers_and_says_what_is_late()
    {
        Task playback = Follow(PlaybackMode.Ordered, TestEvent.Series(3, first: 10, step: 10));
        await Eventually.Until(() => shown.Count == 3, "the history");
        deployment.Player.Settles = false;
        ulong now = client.Clock.Now;

        await RecordAsync(new TestEvent(now + 30, 1, 3, "third"));
        await RecordAsync(new TestEvent(now + 10, 2, 1, "first"), new TestEvent(now + 20, 1, 2, "second"));
        await deployment.Player.FollowedAsync(story => story.State(now + 25, 0));
        await Eventually.Until(() => shown.Count >= 5, "what is complete");
        await RecordAsync(new TestEvent(now + 5, 2, 0, "late"));
        await Eventually.Until(() => shown.Count >= 6, "what is late");
        await deployment.Player.FollowedAsync(story => story.State(now + 31, 0));
        await Eventually.Until(() => shown.Count >= 7, "the rest");

        await EndAsync(playback);
        Assert.That(pages.Skip(pages.Count - 3), Is.EqualTo(new[]
        {
            (true, now + 25, "first second"), (false, now + 25, "late"), (true, now + 31, "third"),
        }));
    }

    [Test]
    public async Task An_ordered_one_that_joins_is_owed_what_clocks_ahead_have_recorded()
    {
        ulong ahead = client.Clock.Now + 500_000_000;
        Task playback = Follow(PlaybackMode.Ordered, [new TestEvent(10, 1, 0, "past"), new TestEvent(ahead, 2, 0, "ahead")]);
        await Eventually.Until(() => !shown.IsEmpty, "the history");
        Assert.That(shown.Select(each => each.Record), Is.EqualTo(new[] { "past" }), "not before its time");

        await Eventually.Until(() => shown.Count == 2, "the event that was ahead");
        await EndAsync(playback);
        Assert.That((replays, pages.All(page => page.IsInOrder)), Is.EqualTo((1, true)));
    }

    [Test]
    public async Task By_rule_a_granule_is_shown_when_it_is_over_though_nothing_comes_then()
    {
        await client.CreateChronicleAsync(
            "r", new Dictionary<string, string> { ["collision"] = "idempotent", ["granularity"] = "s" });
        await client.AcquireStoryAsync("r", "s");
        Task playback = Follow(PlaybackMode.Ordered, [new TestEvent(client.Clock.Now, 1, 0, "history")], chronicle: "r");
        await Eventually.Until(() => shown.Count == 1, "the granule in which it joined");

        await RecordAsync(new TestEvent(client.Clock.Now, 1, 1, "feed"));
        await Eventually.Until(() => shown.Count == 2, "the granule in which something came");
        await EndAsync(playback);
    }

    [TestCase(PlaybackMode.Ordered)]
    [TestCase(PlaybackMode.Immediate)]
    public async Task Who_falls_behind_reads_what_it_missed(PlaybackMode mode)
    {
        List<TestEvent> events = TestEvent.Series(2000, first: 10);
        Task playback = Follow(mode, events[..10]);
        await Eventually.Until(() => shown.Count == 10, "the history");

        // On the Player's strand, so that nobody is answered meanwhile: far more than a feed keeps.
        await deployment.Player.FollowedAsync(story =>
        {
            foreach (TestEvent each in events[10..])
            {
                Record(story.Feed, each);
            }

            story.State(client.Clock.Now + 1_000_000_000, 0);
        });

        await Eventually.Until(() => shown.Count >= 2000, "all events");
        await EndAsync(playback);
        Assert.That(shown, Is.EqualTo(events));
        Assert.That(Volatile.Read(ref replayedFrom), Is.EqualTo(20), "the first that was missed");
    }

    [TestCase(PlaybackMode.Ordered)]
    [TestCase(PlaybackMode.Immediate)]
    public async Task A_restarted_player_is_followed_from_the_watermark(PlaybackMode mode)
    {
        List<TestEvent> events = TestEvent.Series(30, first: 10);
        Task playback = await FollowToAsync(mode, events, "c");
        ulong feed = deployment.Player.LastFeed;
        await deployment.Player.EndFollowingAsync(new ChronoLogException(Status.NoConnection, "killed"));
        lock (recorded)
        {
            recorded.AddRange(events[21..]);
        }

        await Eventually.Until(() => deployment.Player.LastFeed > feed, "another feed");
        await deployment.Player.FollowedAsync(story => story.State(client.Clock.Now, 15));
        await Eventually.Until(() => shown.Count >= 30, "what was recorded meanwhile");
        await EndAsync(playback);
        Assert.That(shown, Is.EqualTo(events));
        Assert.That(Volatile.Read(ref replayedFrom), Is.EqualTo(15));
    }

    [TestCase(PlaybackMode.Ordered)]
    [TestCase(PlaybackMode.Immediate)]
    public async Task What_came_below_the_watermark_while_it_joined_anew_is_shown_late(PlaybackMode mode)
    {
        await (await client.AcquireStoryAsync("c", "s")).DeclareOwnTimesAsync();
        List<TestEvent> events = TestEvent.Series(30, first: 10);
        Task playback = await FollowToAsync(mode, events, "c");
        ulong feed = deployment.Player.LastFeed;
        await deployment.Player.EndFollowingAsync(new ChronoLogException(Status.NoConnection, "killed"));
        lock (recorded)
        {
            recorded.Add(new TestEvent(12, 2, 0, "late"));
            recorded.AddRange(events[21..]);
        }

        await Eventually.Until(() => deployment.Player.LastFeed > feed, "another feed");
        await deployment.Player.FollowedAsync(story => story.State(client.Clock.Now, 15));
        await Eventually.Until(() => shown.Count >= 31, "what was recorded meanwhile");
        await EndAsync(playback);
        Assert.That(shown.Where(each => each.Record != "late"), Is.EqualTo(events));
        Assert.That(pages.Single(page => page.Events.Contains("late", StringComparison.Ordinal)).IsInOrder, Is.False);
    }

    // No watermark was heard of, so all of it lies above; and everything was shown, so all of it lies below that.
    [TestCase("redundancy")]
    [TestCase("ordering")]
    [TestCase("idempotent")]
    public async Task What_came_above_the_watermark_and_below_what_was_shown_is_shown_late_by_any_rule(string collision)
    {
        await client.CreateChronicleAsync(collision, new Dictionary<string, string> { ["collision"] = collision });
        await client.AcquireStoryAsync(collision, "s");
        List<TestEvent> events = TestEvent.Series(30, first: 10);
        Task playback = await FollowToAsync(PlaybackMode.Ordered, events, collision, watermark: 0);
        await deployment.Player.EndFollowingAsync(new ChronoLogException(Status.NoConnection, "killed"));
        lock (recorded)
        {
            recorded.Add(new TestEvent(12, 2, 0, "late"));
        }

        await Eventually.Until(() => shown.Any(each => each.Record == "late"), "what was recorded meanwhile");
        await EndAsync(playback);
        Assert.That(shown.Where(each => each.Record != "late"), Is.EqualTo(events[..21]));
        Assert.That(pages.Single(page => page.Events.Contains("late", StringComparison.Ordinal)).IsInOrder, Is.False);
    }

    [TestCase(15u)]
    [TestCase(0u)]
    public async Task Where_late_events_give_others_new_ticks_it_says_that_some_may_be_missing(uint watermark)
    {
        await client.CreateChronicleAsync("q", new Dictionary<string, string> { ["collision"] = "sequentiality" });
        await (await client.AcquireStoryAsync("q", "s")).DeclareOwnTimesAsync();
        List<TestEvent> events = TestEvent.Series(30, first: 10);
        Task playback = await FollowToAsync(PlaybackMode.Ordered, events, "q", watermark);
        await deployment.Player.EndFollowingAsync(new ChronoLogException(Status.NoConnection, "killed"));

        await Eventually.Until(
            () => gaps.Any(gap => gap.Contains("later than the watermark", StringComparison.Ordinal)), "the statement");
        await EndAsync(playback);
    }

    [Test]
    public async Task What_may_be_missing_is_said_and_unsaid()
    {
        Task playback = Follow(PlaybackMode.Immediate, []);
        await Eventually.Until(() => deployment.Player.LastFeed > 0 && replays > 0, "it follows");

        await deployment.Player.FollowedAsync(story => story.State(0, 0, [new Gap { EndTime = ulong.MaxValue, Reason = "k-1" }]));
        await Eventually.Until(() => gaps.LastOrDefault() == "k-1", "the gap");
        await deployment.Player.FollowedAsync(story => story.State(0, 0, []));
        await Eventually.Until(() => gaps.LastOrDefault() == "", "its end");
        await EndAsync(playback);
    }

    [Test]
    public async Task A_replay_that_broke_off_is_made_up_for()
    {
        List<TestEvent> events = TestEvent.Series(10);
        deployment.Player.Plan = request => ++replays == 1
            ? new ReadPlan([Torn(events[..5], request)], 0, [])
            : PlayedPlayer.Snapshot(request, events);
        Task playback = Follow(PlaybackMode.Immediate, []);

        await Eventually.Until(() => shown.Count >= 10, "all events");
        await EndAsync(playback);
        Assert.That(shown, Is.EqualTo(events));
    }

    [Test]
    public async Task A_loss_that_is_past_is_passed_over_and_said()
    {
        var gap = new Gap { StartTime = 2, EndTime = 4, Reason = "left behind in a journal" };
        deployment.Player.Plan = request =>
        {
            replays++;
            return PlayedPlayer.Snapshot(request, TestEvent.Series(10), 8, gap);
        };
        Task playback = Follow(PlaybackMode.Immediate, []);

        await Eventually.Until(() => shown.Count >= 10 && gaps.Contains(gap.Reason), "the events and the loss");
        await EndAsync(playback);
        Assert.That(replays, Is.EqualTo(1), "the lost range is not read again");
    }

    [Test]
    public async Task A_consumer_that_leaves_frees_the_player()
    {
        recorded.AddRange(TestEvent.Series(10));
        await foreach (PlaybackPage page in client.PlaybackAsync("c", "s", 0, PlaybackMode.Immediate))
        {
            Assert.That(page.Count, Is.EqualTo(10));
            break;
        }

        await Eventually.Until(
            async () => await deployment.Player.CursorsOpenAsync() == 0, "the Player's cursor is closed");
    }

    [Test]
    public async Task A_playback_of_no_story_is_refused_and_one_of_a_destroyed_story_ends()
    {
        IAsyncEnumerator<PlaybackPage> none = client.PlaybackAsync("c", "none", 0).GetAsyncEnumerator();
        Assert.That(await Eventually.Refusal(() => none.MoveNextAsync().AsTask()), Is.EqualTo(Status.NotExist));

        Task playback = Follow(PlaybackMode.Immediate, []);
        await Eventually.Until(() => deployment.Player.LastFeed > 0 && replays > 0, "it follows");
        await client.ReleaseStoryAsync("c", "s");
        await client.DestroyStoryAsync("c", "s");
        await deployment.Player.EndFollowingAsync(new ChronoLogException(Status.NotExist, "destroyed"));

        ChronoLogException end = await Eventually.Failure(() => playback);
        Assert.That(end.Status, Is.EqualTo(Status.NotExist));
        Assert.That(end.Message, Does.Contain("was destroyed"));
    }

    // History, then the feed, and a watermark in the middle of what was shown.
    private async Task<Task> FollowToAsync(
        PlaybackMode mode, List<TestEvent> events, string chronicle, ulong watermark = 15)
    {
        Task playback = Follow(mode, events[..10], chronicle);
        await Eventually.Until(() => shown.Count == 10, "the history");
        await RecordAsync([.. events[10..20]]);
        await deployment.Player.FollowedAsync(story => story.State(client.Clock.Now, watermark));
        await Eventually.Until(() => shown.Count == 20, "what came by the feed");
        await RecordAsync(events[20]); // so that the watermark is told
        await deployment.Player.FollowedAsync(story => story.State(client.Clock.Now, watermark));
        await Eventually.Until(() => shown.Count == 21, "one more");
        return playback;
    }

    private static ScriptedSource Torn(List<TestEvent> events, OpenReadRequest request)
    {
        var source = new ScriptedSource(events);
        source.Gaps.Add(new Gap { StartTime = events[^1].Time, EndTime = request.EndTime, Reason = "torn" });
        return source;
    }

    // Into the archive and into the feed, in this order, as a Keeper does.
    private void Record(Core.Following.EventFeed feed, params TestEvent[] events)
    {
        lock (recorded)
        {
            recorded.AddRange(events);
        }

        EventRun run = TestEvent.ToRun(events);
        feed.Append(run.Entries);
        run.Release();
    }

    private async Task RecordAsync(params TestEvent[] events)
    {
        await Eventually.Until(() => deployment.Player.LastFeed > 0, "somebody follows");
        await deployment.Player.FollowedAsync(story => Record(story.Feed, events));
    }

    private Task Follow(PlaybackMode mode, List<TestEvent> history, string chronicle = "c")
    {
        recorded.AddRange(history);
        return Task.Run(async () =>
        {
            await foreach (PlaybackPage page in client.PlaybackAsync(chronicle, "s", 0, mode, stop.Token))
            {
                if (page.Page is null)
                {
                    gaps.Enqueue(string.Join(' ', page.Gaps.Select(gap => gap.Reason)));
                    continue;
                }

                List<TestEvent> events = ReadTests.Copy(page.Page);
                pages.Enqueue((page.IsInOrder, page.Watermark, string.Join(' ', events.Select(each => each.Record))));
                events.ForEach(shown.Enqueue);
            }
        });
    }

    private async Task EndAsync(Task playback)
    {
        await stop.CancelAsync();
        Assert.That(
            async () => await playback.WaitAsync(Eventually.Patience), Throws.InstanceOf<OperationCanceledException>());
    }
}

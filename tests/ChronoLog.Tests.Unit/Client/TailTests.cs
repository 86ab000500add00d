using System.Collections.Concurrent;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Following a story: every event once, whatever the looks at it find.</summary>
public sealed class TailTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentQueue<TestEvent> shown = new();
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;
    private CancellationTokenSource stop = null!;
    private volatile int looks;
    private ulong lowest;

    [SetUp]
    public async Task StartAsync()
    {
        shown.Clear();
        looks = 0;
        stop = new CancellationTokenSource();
        deployment = await LoopbackDeployment.StartAsync(player: true);
        client = await deployment.ConnectAsync();
        await client.AcquireStoryAsync("c", "s", createChronicle: true);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await deployment.DisposeAsync();
        stop.Dispose();
    }

    [Test]
    public async Task Events_come_once_and_in_order_while_the_story_grows()
    {
        List<TestEvent> events = TestEvent.Series(40, first: 10, step: 10);
        Task tail = Follow(request => (events.Take(10 * (looks / 2)), Watermark: 0));

        await Eventually.Until(() => shown.Count >= 40 && looks > 12, "everything was shown and looked at again");

        await EndAsync(tail);
        Assert.That(shown, Is.EqualTo(events));
    }

    [Test]
    public async Task A_late_event_comes_late_and_once()
    {
        List<TestEvent> events = TestEvent.Series(9, first: 10, step: 10);
        TestEvent late = new(25, 2, 0, "late");
        Task tail = Follow(request => (looks < 3 ? events : [.. events, late], Watermark: 20));

        await Eventually.Until(() => shown.Count > 9 && looks > 6, "the late event and some looks more");

        await EndAsync(tail);
        Assert.That(shown, Is.EqualTo(events.Append(late)));
    }

    [Test]
    public async Task What_lies_below_the_watermark_is_not_read_again()
    {
        Task tail = Follow(request => (TestEvent.Series(100), Watermark: 60));

        await Eventually.Until(() => looks > 3, "some looks");

        await EndAsync(tail);
        Assert.That(shown, Is.EqualTo(TestEvent.Series(100)));
        Assert.That(lowest, Is.EqualTo(60), "the start of the last look");
    }

    [Test]
    public async Task A_tail_begins_where_it_was_told_to()
    {
        Task tail = Follow(request => (TestEvent.Series(100), Watermark: 30), from: 95);

        await Eventually.Until(() => shown.Count >= 5 && looks > 2, "some looks");

        await EndAsync(tail);
        Assert.That(shown, Is.EqualTo(TestEvent.Series(5, first: 95)));
        Assert.That(lowest, Is.EqualTo(95));
    }

    [Test]
    public async Task A_look_that_broke_off_is_made_up_for()
    {
        // The first look ends after five events: the source fails, and with it the rest of the range. Its watermark
        // was stated before that.
        List<TestEvent> events = TestEvent.Series(10);
        Task tail = FollowPlan(request => looks == 1
            ? new ReadPlan([Torn(events[..5], request)], 10, [])
            : PlayedPlayer.Snapshot(request, events, watermark: 10));

        await Eventually.Until(() => looks > 3, "some looks more");

        await EndAsync(tail);
        Assert.That(shown, Is.EqualTo(events));
    }

    [Test]
    public async Task A_loss_that_is_past_is_passed_over()
    {
        var gap = new Gap { StartTime = 2, EndTime = 4, Reason = "left behind in a journal" };
        Task tail = FollowPlan(request => PlayedPlayer.Snapshot(request, TestEvent.Series(10), 8, gap));

        await Eventually.Until(() => looks > 3, "some looks");

        await EndAsync(tail);
        Assert.That(lowest, Is.EqualTo(8), "the lost range is not read for ever");
    }

    [Test]
    public async Task A_consumer_that_leaves_frees_the_player()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, TestEvent.Series(10));
        await foreach (EventPage page in client.TailAsync("c", "s", 0, Period))
        {
            Assert.That(page.Count, Is.EqualTo(10));
            break;
        }

        await Eventually.Until(
            async () => await deployment.Player.CursorsOpenAsync() == 0, "the Player's cursor is closed");
    }

    [Test]
    public async Task A_tail_of_no_story_is_refused()
    {
        IAsyncEnumerator<EventPage> pages = client.TailAsync("c", "none", 0, Period).GetAsyncEnumerator();

        Assert.That(await Eventually.Refusal(() => pages.MoveNextAsync().AsTask()), Is.EqualTo(Status.NotExist));
    }

    private static ScriptedSource Torn(List<TestEvent> events, OpenReadRequest request)
    {
        var source = new ScriptedSource(events);
        source.Gaps.Add(new Gap { StartTime = events[^1].Time, EndTime = request.EndTime, Reason = "torn" });
        return source;
    }

    private Task Follow(Func<OpenReadRequest, (IEnumerable<TestEvent> Events, ulong Watermark)> look, ulong from = 0) =>
        FollowPlan(
            request =>
            {
                (IEnumerable<TestEvent> events, ulong watermark) = look(request);
                return PlayedPlayer.Snapshot(request, events, watermark);
            },
            from);

    private Task FollowPlan(Func<OpenReadRequest, ReadPlan> plan, ulong from = 0)
    {
        deployment.Player.Plan = request =>
        {
            looks++;
            Volatile.Write(ref lowest, request.StartTime);
            return plan(request);
        };
        return Task.Run(async () =>
        {
            await foreach (EventPage page in client.TailAsync("c", "s", from, Period, stop.Token))
            {
                ReadTests.Copy(page).ForEach(shown.Enqueue);
            }
        });
    }

    private async Task EndAsync(Task tail)
    {
        await stop.CancelAsync();
        Assert.That(
            async () => await tail.WaitAsync(Eventually.Patience), Throws.InstanceOf<OperationCanceledException>());
    }
}

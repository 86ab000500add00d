using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Replays: complete, partial, cancelled, given up early, and the lifetime of their pages.</summary>
public sealed class ReadTests
{
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync(player: true);
        client = await deployment.ConnectAsync();
        await client.CreateChronicleAsync("c", new Dictionary<string, string> { ["durability"] = "journaled" });
        await client.AcquireStoryAsync("c", "s");
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task What_was_recorded_is_replayed()
    {
        StoryHandle story = await client.AcquireStoryAsync("c", "s");
        ulong first = story.LogEvent("first"u8);
        ulong last = story.LogEvent("last"u8);
        deployment.Keeper.Drain();
        List<TestEvent> recorded = deployment.Keeper.EventsOf(story.StoryId);
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(
            request, deployment.Keeper.EventsOf(request.Story.StoryId), watermark: last);

        await using Replay replay = await client.ReplayAsync("c", "s", first, last + 1);

        Assert.That(await DrainAsync(replay), Is.EqualTo(recorded));
        Assert.That((replay.Status, replay.Watermark), Is.EqualTo((Status.Ok, last)));
        Assert.That(replay.Gaps, Is.Empty);
    }

    [Test]
    public async Task A_range_is_half_open_and_a_limit_counts_events()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, TestEvent.Series(10));

        Assert.That(await ReplayAsync(2, 5), Is.EqualTo(TestEvent.Series(3, first: 2)));
        Assert.That(await ReplayAsync(5, 5), Is.Empty);
        Assert.That(await ReplayAsync(100), Is.Empty);
        Assert.That(await ReplayAsync(3, limit: 2), Is.EqualTo(TestEvent.Series(2, first: 3)));
        Assert.That(await ReplayAsync(), Is.EqualTo(TestEvent.Series(10)));
    }

    [Test]
    public async Task A_range_that_ends_before_it_starts_is_refused()
    {
        ChronoLogException failure = await Eventually.Failure(() => client.ReplayAsync("c", "s", 6, 5));

        Assert.That(failure.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(deployment.Portal.Count(Methods.RouteReplay), Is.Zero);
    }

    [Test]
    public async Task Pages_follow_each_other_in_order()
    {
        List<TestEvent> events = Large(500);
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, events);
        await using Replay replay = await client.ReplayAsync("c", "s");
        var pages = new List<List<TestEvent>>();

        await foreach (EventPage page in replay)
        {
            pages.Add(Copy(page));
        }

        Assert.That(pages, Has.Count.GreaterThan(3));
        Assert.That(pages.SelectMany(page => page), Is.EqualTo(events));
    }

    [Test]
    public async Task Without_a_player_there_is_no_replay()
    {
        await using LoopbackDeployment without = await LoopbackDeployment.StartAsync();
        ChronoClient reader = await without.ConnectAsync();
        await reader.AcquireStoryAsync("c", "s", createChronicle: true);

        Assert.That((await Eventually.Failure(() => reader.ReplayAsync("c", "s"))).ClientCode, Is.EqualTo(-10));
    }

    [Test]
    public async Task What_the_player_refuses_is_thrown_by_the_opening()
    {
        deployment.Player.Plan = _ => throw new ChronoLogException(Status.LimitExceeded, "no further cursor");

        ChronoLogException failure = await Eventually.Failure(() => client.ReplayAsync("c", "s"));

        Assert.That(failure.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(failure.Message, Does.Contain("no further cursor"));
    }

    [Test]
    public async Task Gaps_make_a_replay_partial()
    {
        var gap = new Gap { StartTime = 3, EndTime = 7, Reason = "keeper-0 is away" };
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, TestEvent.Series(3), 2, gap);

        await using Replay replay = await client.ReplayAsync("c", "s");

        Assert.That(await DrainAsync(replay), Is.EqualTo(TestEvent.Series(3)));
        Assert.That(replay.Status, Is.EqualTo(Status.Partial));
        Assert.That(replay.Gaps, Is.EqualTo([gap]));
    }

    [Test]
    public async Task A_gap_that_appears_on_the_way_is_known_at_the_end()
    {
        var held = new TaskCompletionSource();
        ScriptedSource source = Script(held, TestEvent.Series(3));
        deployment.Player.Plan = _ => new ReadPlan([source], 0, []);
        await using Replay replay = await client.ReplayAsync("c", "s");
        Assert.That(replay.Gaps, Is.Empty);
        var gap = new Gap { StartTime = 3, EndTime = 9, Reason = "torn" };
        source.Gaps.Add(gap);
        held.SetResult();

        await DrainAsync(replay);

        Assert.That((replay.Status, replay.Gaps.Single()), Is.EqualTo((Status.Partial, gap)));
    }

    [Test]
    public async Task A_player_that_dies_on_the_way_leaves_a_gap_from_the_last_event_on()
    {
        var held = new TaskCompletionSource();
        List<TestEvent> events = Large(200);
        deployment.Player.Plan = _ => new ReadPlan([Script(held, events[..100], events[100..])], 0, []);
        await using Replay replay = await client.ReplayAsync("c", "s", 0, 1_000);
        IAsyncEnumerator<EventPage> pages = replay.GetAsyncEnumerator();
        Assert.That(await pages.MoveNextAsync());
        ulong last = Copy(pages.Current)[^1].Time;
        ValueTask<bool> next = pages.MoveNextAsync();
        await Eventually.Until(
            () => deployment.Player.Query.Count(Methods.NextPage) == 2, "the Player works on the second page");

        await deployment.Player.DisposeAsync();

        while (await next.AsTask().WaitAsync(Eventually.Patience))
        {
            last = Copy(pages.Current)[^1].Time;
            next = pages.MoveNextAsync();
        }

        Assert.That(replay.Status, Is.EqualTo(Status.Partial));
        Assert.That(replay.Gaps.Select(gap => gap.EndTime), Is.EqualTo([1_000ul]));
        Assert.That(replay.Gaps[0].StartTime, Is.InRange(last, last + 1));
    }

    [Test]
    public async Task A_cancelled_replay_ends_at_once()
    {
        var held = new TaskCompletionSource();
        deployment.Player.Plan = _ => new ReadPlan([Script(held, [])], 0, []);
        using var cancellation = new CancellationTokenSource();
        await using (Replay replay = await client.ReplayAsync("c", "s"))
        {
            Task reading = DrainAsync(replay, cancellation.Token);
            Assert.That(reading.IsCompleted, Is.False);

            await cancellation.CancelAsync();

            Assert.That(
                async () => await reading.WaitAsync(Eventually.Patience),
                Throws.InstanceOf<OperationCanceledException>());
        }

        await NothingIsOpenAsync();
    }

    [Test]
    public async Task A_replay_given_up_early_frees_the_player()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, Large(500));
        await using (Replay replay = await client.ReplayAsync("c", "s"))
        {
            await foreach (EventPage page in replay)
            {
                Assert.That(page.Count, Is.LessThan(500));
                break;
            }

            Assert.That(await deployment.Player.CursorsOpenAsync(), Is.EqualTo(1));
        }

        await NothingIsOpenAsync();
        Assert.That(deployment.Player.Query.Count(Methods.NextPage), Is.LessThan(5), "it read no further");
    }

    [Test]
    public async Task A_replay_that_is_never_read_frees_the_player_and_may_be_disposed_twice()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, Large(500));
        Replay replay = await client.ReplayAsync("c", "s");

        await replay.DisposeAsync();
        await replay.DisposeAsync();

        await NothingIsOpenAsync();
    }

    [Test]
    public async Task A_replay_may_be_disposed_after_its_client()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, TestEvent.Series(3));
        Replay replay = await client.ReplayAsync("c", "s");
        await client.DisposeAsync();

        await replay.DisposeAsync().AsTask().WaitAsync(Eventually.Patience);
    }

    [Test]
    public async Task Reading_on_after_the_client_is_gone_fails_and_does_not_hang()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, Large(500));
        await using Replay replay = await client.ReplayAsync("c", "s");
        await using IAsyncEnumerator<EventPage> pages = replay.GetAsyncEnumerator();
        Assert.That(await pages.MoveNextAsync(), Is.True);

        await client.DisposeAsync();

        ChronoLogException gone = (await Assert.ThrowsAsync<ChronoLogException>(
            async () => await pages.MoveNextAsync().AsTask().WaitAsync(Eventually.Patience)))!;
        Assert.That(gone.Status, Is.EqualTo(Status.NoConnection));
    }

    [Test]
    public async Task A_page_is_gone_when_the_next_one_comes()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, Large(200));
        await using Replay replay = await client.ReplayAsync("c", "s");
        EventPage? before = null;
        await foreach (EventPage page in replay)
        {
            if (before is not null)
            {
                Assert.That(() => before.Count, Throws.InstanceOf<ObjectDisposedException>());
                Assert.That(() => before.Keep(), Throws.InstanceOf<ObjectDisposedException>());
            }

            before = page;
        }

        Assert.That(() => before!.Count, Throws.InstanceOf<ObjectDisposedException>(), "the last one too");
        before!.Dispose();
    }

    [Test]
    public async Task A_kept_page_outlives_replay_and_client()
    {
        List<TestEvent> events = Large(500);
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, events);
        var kept = new List<EventPage>();
        await using (Replay replay = await client.ReplayAsync("c", "s"))
        {
            await foreach (EventPage page in replay)
            {
                kept.Add(page.Keep());
            }
        }

        await client.DisposeAsync();

        Assert.That(kept.SelectMany(Copy), Is.EqualTo(events));
        kept.ForEach(page => page.Dispose());
        Assert.That(() => kept[0].Count, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task Replays_by_many_threads_do_not_mix()
    {
        deployment.Player.Plan = request => PlayedPlayer.Snapshot(request, Large(500));

        List<TestEvent>[] read = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(i => Task.Run(() => ReplayAsync((ulong)i * 10, (ulong)(i * 10) + 200))));

        Assert.That(read, Is.EqualTo(Enumerable.Range(0, 6).Select(i => Large(500).GetRange(i * 10, 200))));
        await NothingIsOpenAsync();
    }

    internal static List<TestEvent> Copy(EventPage page)
    {
        var events = new List<TestEvent>(page.Count);
        foreach (ref readonly EventEntry entry in page.Events)
        {
            events.Add(new TestEvent(
                entry.EventTime, entry.ClientId, entry.EventIndex, Encoding.UTF8.GetString(entry.LogRecord)));
        }

        return events;
    }

    // A kilobyte each: some sixty fill a page.
    private static List<TestEvent> Large(int count) =>
        [.. TestEvent.Series(count).Select(each => each with { Record = each.Record.PadRight(1_000, '.') })];

    /// <summary>The first run at once, the others when the gate opens.</summary>
    private static ScriptedSource Script(TaskCompletionSource gate, params IReadOnlyList<TestEvent>[] runs)
    {
        int asked = 0;
        return new ScriptedSource(runs)
        {
            Before = cancellation => asked++ == 0 && runs.Length > 1
                ? default
                : new ValueTask(gate.Task.WaitAsync(cancellation)),
        };
    }

    private static async Task<List<TestEvent>> DrainAsync(Replay replay, CancellationToken cancellation = default)
    {
        var events = new List<TestEvent>();
        await foreach (EventPage page in replay.WithCancellation(cancellation))
        {
            events.AddRange(Copy(page));
        }

        return events;
    }

    private async Task<List<TestEvent>> ReplayAsync(ulong start = 0, ulong end = ulong.MaxValue, ulong limit = 0)
    {
        await using Replay replay = await client.ReplayAsync("c", "s", start, end, limit);
        return await DrainAsync(replay);
    }

    private Task NothingIsOpenAsync() => Eventually.Until(
        async () => await deployment.Player.CursorsOpenAsync() == 0, "every cursor of the Player is closed");
}

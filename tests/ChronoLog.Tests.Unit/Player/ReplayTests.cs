using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;
using NUnit.Framework;
using FsProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Player;

public sealed class ReplayTests
{
    [FsProperty(MaxTest = 40)]
    public void Any_split_over_hot_warm_and_cold_replays_as_the_set(int seed)
    {
        var random = new Random(seed);
        var fixture = new PlayerFixture(keepers: random.Next(1, 4), strands: random.Next(3));
        List<TestEvent> events = RandomEvents(random, 2_000);
        foreach (TestEvent e in events)
        {
            do
            {
                PlaceOf(fixture, random.Next(fixture.Keepers.Count + 2)).Add(e);
            }
            while (random.Next(4) == 0);
        }

        ulong start = (ulong)random.Next(1_000);
        ulong end = (ulong)random.Next(1_000, 2_500);
        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(ReadFixture.Request(start, end));

        Assert.That(read, Is.EqualTo(events.Where(e => e.Time >= start && e.Time < end)));
        Assert.That(gaps, Is.Empty);
        fixture.ExpectNothingLeft();
    }

    [FsProperty(MaxTest = 40)]
    public void A_collision_policy_shows_the_same_from_any_tiers(int seed, bool isIdempotent, bool isCoarse)
    {
        var random = new Random(seed);
        var fixture = new PlayerFixture(keepers: random.Next(1, 4));
        List<TestEvent> events = [.. RandomEvents(random, 500).Select(e => e with { Time = e.Time * 37 })];
        foreach (TestEvent e in events)
        {
            do
            {
                PlaceOf(fixture, random.Next(fixture.Keepers.Count + 2)).Add(e);
            }
            while (random.Next(4) == 0);
        }

        ulong start = (ulong)random.Next(30_000);
        ulong end = (ulong)random.Next(30_000, 90_000);
        string policy = isIdempotent ? "idempotent" : "sequentiality";
        OpenReadRequest request = ReadFixture.Request(start, end);
        request.Story.Attributes["collision"] = policy;
        request.Story.Attributes["granularity"] = isCoarse ? "us" : "ns";
        request.EventLimit = 200;

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(request);

        List<TestEvent> model = CollisionModel.Shown(policy, isCoarse ? 1_000UL : 1, events);
        Assert.That(read, Is.EqualTo(model.Where(e => e.Time >= start && e.Time < end).Take(200)));
        Assert.That(gaps, Is.Empty);
        fixture.ExpectNothingLeft();
    }

    /// <summary>
    /// Each event is in one tier only and moves on at the worst moment: just after a tier's snapshot was taken.
    /// </summary>
    [FsProperty(MaxTest = 40)]
    public void Events_that_move_while_the_replay_is_planned_are_never_lost(int seed)
    {
        var random = new Random(seed);
        var fixture = new PlayerFixture(keepers: 2);
        List<TestEvent> events = RandomEvents(random, 300);
        events.ForEach(e => PlaceOf(fixture, random.Next(4)).Add(e));
        void MoveSome()
        {
            Move(fixture.Grapher.Events, fixture.Cold.Events, random);
            Move(fixture.Keepers[0].Events, fixture.Grapher.Events, random);
            Move(fixture.Keepers[1].Events, fixture.Grapher.Events, random);
        }

        fixture.Keepers[0].Asked = fixture.Keepers[1].Asked = fixture.Grapher.Asked = MoveSome;

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay();

        Assert.That(read, Is.EqualTo(events));
        Assert.That(gaps, Is.Empty);
    }

    /// <summary>
    /// A range is read from the middle of the story, in tiers between which events move meanwhile: what pushes them may have
    /// been counted in one and read from the next.
    /// </summary>
    [FsProperty(MaxTest = 40)]
    public void A_range_in_which_each_event_has_a_tick_of_its_own_is_the_whole_storys_while_events_move(int seed)
    {
        var random = new Random(seed);
        var fixture = new PlayerFixture(keepers: 2, strands: random.Next(3));
        List<TestEvent> events = TestEvent.Model(Enumerable.Range(0, random.Next(1, 600)).Select(i => new TestEvent(
            (ulong)((random.Next(8) * 20_000) + random.Next(random.Next(1, 200))), (ulong)random.Next(1, 3), (uint)i, $"{i}")));
        List<TestEvent> shown = CollisionModel.Shown("sequentiality", 1, events);
        events.ForEach(e => PlaceOf(fixture, random.Next(4)).Add(e));
        fixture.Keepers[0].Asked = fixture.Keepers[1].Asked = fixture.Grapher.Asked = () =>
        {
            Move(fixture.Grapher.Events, fixture.Cold.Events, random);
            Move(fixture.Keepers[random.Next(2)].Events, fixture.Grapher.Events, random);
        };
        ulong start = shown[random.Next(shown.Count)].Time + (ulong)random.Next(2);
        OpenReadRequest request = ReadFixture.Request(start);
        request.Story.Attributes["collision"] = "sequentiality";

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(request);

        Assert.That(read, Is.EqualTo(shown.Where(e => e.Time >= start)));
        Assert.That(gaps, Is.Empty);
        ulong[] from = [.. fixture.Grapher.Requests.Select(each => each.StartTime)];
        Assert.That(from[0], start > 4096 ? Is.EqualTo(start - 4096) : Is.Zero, "not from the beginning");
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void An_empty_range_asks_nobody()
    {
        var fixture = new PlayerFixture();
        (List<TestEvent> read, _) = fixture.Replay(ReadFixture.Request(7, 7));
        Assert.That(read, Is.Empty);
        Assert.That(fixture.Rpc.CallsOf(Methods.OpenRead), Has.Count.EqualTo(1));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_limit_gives_the_first_events_of_all_tiers()
    {
        var fixture = new PlayerFixture();
        List<TestEvent> events = TestEvent.Series(3_000);
        for (int i = 0; i < events.Count; i++)
        {
            PlaceOf(fixture, i % 4).Add(events[i]);
        }

        OpenReadRequest request = ReadFixture.Request();
        request.EventLimit = 1_234;
        Assert.That(fixture.Replay(request).Events, Is.EqualTo(events.Take(1_234)));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Several_replays_of_one_client_run_beside_each_other()
    {
        var fixture = new PlayerFixture(strands: 2);
        fixture.Cold.Events.AddRange(TestEvent.Series(5_000));
        fixture.Keepers[0].Events.AddRange(TestEvent.Series(5_000, first: 5_000));
        Task<List<TestEvent>> Start() => fixture.Reader.InvokeAsync(async () =>
        {
            await using RemoteReadSource source = await fixture.OpenAsync();
            return await ReadFixture.Drain(source);
        });
        List<Task<List<TestEvent>>> replays = [.. Enumerable.Range(0, 8).Select(_ => Start())];
        foreach (Task<List<TestEvent>> replay in replays)
        {
            Assert.That(fixture.Pump.Complete(replay), Is.EqualTo(TestEvent.Series(10_000)));
        }

        Assert.That(fixture.Player.Reads.CursorsOpened, Is.EqualTo(8));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_slow_reader_keeps_the_cursors_of_all_tiers()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Events.AddRange(TestEvent.Series(20_000));
        fixture.Grapher.Events.AddRange(TestEvent.Series(5_000, first: 20_000));
        fixture.Keepers[1].Events.AddRange(TestEvent.Series(5_000, first: 25_000));
        RemoteReadSource source = fixture.Pump.Run(fixture.Reader, () => fixture.OpenAsync());
        fixture.Pump.Advance(TimeSpan.FromMinutes(5));

        Assert.That(
            fixture.Pump.Run(fixture.Reader, () => ReadFixture.Drain(source)), Is.EqualTo(TestEvent.Series(30_000)));
        Assert.That(source.Gaps, Is.Empty);
        fixture.Pump.Run(fixture.Reader, source.DisposeAsync);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Stopping_ends_open_replays_and_leaves_nothing()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Events.AddRange(TestEvent.Series(50_000));
        fixture.Keepers[0].Events.AddRange(TestEvent.Series(5_000, first: 25_000));
        RemoteReadSource source = fixture.Pump.Run(fixture.Reader, () => fixture.OpenAsync());
        fixture.Pump.Settle();

        fixture.Pump.Run(fixture.Strand, fixture.Player.StopAsync);

        fixture.Pump.Run(fixture.Reader, () => ReadFixture.Drain(source));
        Assert.That(source.Gaps, Has.Count.EqualTo(1));
        fixture.Pump.Run(fixture.Reader, source.DisposeAsync);
        fixture.ExpectNothingLeft();
        Assert.That(fixture.Rpc.CallsOf(Methods.Unregister), Has.Count.EqualTo(1));
    }

    private static List<TestEvent> PlaceOf(PlayerFixture fixture, int place) => place switch
    {
        0 => fixture.Cold.Events,
        1 => fixture.Grapher.Events,
        _ => fixture.Keepers[place - 2].Events,
    };

    private static List<TestEvent> RandomEvents(Random random, int countMax) =>
        TestEvent.Model(Enumerable.Range(0, random.Next(countMax)).Select(_ => new TestEvent(
            (ulong)random.Next(2_000),
            (ulong)random.Next(1, 4),
            (uint)random.Next(3),
            new string('r', random.Next(100)))));

    private static void Move(List<TestEvent> from, List<TestEvent> to, Random random)
    {
        List<TestEvent> moved = [.. from.Where(_ => random.Next(2) == 0)];
        to.AddRange(moved);
        from.RemoveAll(moved.Contains);
    }
}

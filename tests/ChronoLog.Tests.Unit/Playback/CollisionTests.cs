using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Playback.Collisions;
using ChronoLog.Core.Protocol;
using NUnit.Framework;
using FsProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>What a replay shows of events whose ticks are equal at the chronicle's granularity.</summary>
public sealed class CollisionTests
{
    private static readonly string[] Granularities = ["ns", "us", "ms", "s"];
    private static readonly ulong[] Nanoseconds = [1, 1_000, 1_000_000, 1_000_000_000];

    [Test]
    public void Idempotent_keeps_the_last_of_each_granule()
    {
        List<TestEvent> events = [new(1_999, 1, 0, "a"), new(2_000, 2, 0, "b"), new(2_999, 1, 0, "c"), new(3_000, 1, 0, "d")];

        Assert.That(Read("idempotent", "us", events).Select(e => e.Record), Is.EqualTo(["a", "c", "d"]));
        Assert.That(Read("idempotent", "us", events, 0, 2_500), Is.EqualTo(events[..1]), "the last one lies after the range");
        Assert.That(Read("idempotent", "us", events, 2_500, 3_000), Is.EqualTo(events[2..3]));
    }

    [Test]
    public void Idempotent_with_one_tick_keeps_the_greatest_client_and_index()
    {
        List<TestEvent> events = [new(5, 1, 7, "a"), new(5, 2, 0, "b"), new(5, 2, 1, "c")];

        Assert.That(Read("idempotent", "ns", events).Single().Record, Is.EqualTo("c"));
    }

    [Test]
    public void Sequentiality_gives_each_event_a_tick_of_its_own()
    {
        List<TestEvent> events =
            [new(5_000, 1, 0, "a"), new(5_001, 2, 0, "b"), new(6_500, 1, 0, "c"), new(9_999, 1, 1, "d")];

        Assert.That(
            Read("sequentiality", "us", events).Select(e => (e.Time, e.Record)),
            Is.EqualTo(new[] { (5_000UL, "a"), (6_000UL, "b"), (7_000UL, "c"), (9_999UL, "d") }));
        Assert.That(
            Read("sequentiality", "us", events, 7_000, 9_000).Select(e => e.Record), Is.EqualTo(["c"]),
            "a range goes by the ticks that are shown, and what came before it counts");
    }

    [Test]
    public void Sequentiality_at_the_end_of_time_ends_with_an_error()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = [new(ulong.MaxValue, 1, 0, "a"), new(ulong.MaxValue, 1, 1, "b")];
        Plan(fixture, "sequentiality", "s", 0, ulong.MaxValue, Source(events));

        ChronoLogException exception = fixture.Refused(() => fixture.ReadPages());
        Assert.That(exception.Status, Is.EqualTo(Status.LimitExceeded));
    }

    [Test]
    public void A_gap_grows_to_what_it_may_have_changed()
    {
        var fixture = new ReadFixture();
        var source = new ScriptedSource(TestEvent.Series(10, step: 1_000));
        source.Gaps.Add(new Gap { StartTime = 2_500, EndTime = 3_500, Reason = "lost" });
        Plan(fixture, "idempotent", "us", 0, 9_000, source);
        Gap idempotent = fixture.ReadRemote(ReadFixture.Request(end: 9_000)).Gaps.Single();
        Assert.That((idempotent.StartTime, idempotent.EndTime), Is.EqualTo((2_000UL, 4_000UL)));

        source = new ScriptedSource(TestEvent.Series(10, step: 1_000));
        source.Gaps.Add(new Gap { StartTime = 2_500, EndTime = 3_500, Reason = "lost" });
        Plan(fixture, "sequentiality", "us", 0, 9_000, source);
        Gap sequential = fixture.ReadRemote(ReadFixture.Request(end: 9_000)).Gaps.Single();
        Assert.That((sequential.StartTime, sequential.EndTime), Is.EqualTo((2_500UL, 9_000UL)));
        fixture.ExpectNothingLeft();
    }

    [TestCase("idempotent", 4_000UL)]
    [TestCase("sequentiality", 4_321UL)]
    public void The_watermark_is_that_of_what_is_shown(string policy, ulong expected)
    {
        var fixture = new ReadFixture();
        Plan(fixture, policy, "us", 0, ulong.MaxValue, 4_321, Source([]));

        OpenReadReply opened = fixture.Open();
        fixture.Close(opened.Cursor);

        Assert.That(opened.Watermark, Is.EqualTo(expected), "an event of the granule that it lies in may still come");
    }

    /// <summary>
    /// However the events are spread over sources, in whatever runs, with retransmissions: what a rule shows of any range is
    /// what a plain model says of the whole set.
    /// </summary>
    [FsProperty(MaxTest = 150)]
    public void Any_spread_shows_the_same(int seed)
    {
        var random = new Random(seed);
        int unit = random.Next(Granularities.Length);
        string policy = random.Next(2) == 0 ? "idempotent" : "sequentiality";
        ulong span = Nanoseconds[unit] * (ulong)random.Next(1, 500);
        List<TestEvent> events = TestEvent.Model(Enumerable.Range(0, random.Next(1, 2_000)).Select(i => new TestEvent(
            (ulong)random.NextInt64((long)span + 1), (ulong)random.Next(1, 4), (uint)random.Next(3), $"event {i}")));
        ulong start = random.Next(2) == 0 ? 0 : (ulong)random.NextInt64((long)span + 1);
        ulong end = random.Next(2) == 0 ? ulong.MaxValue : start + (ulong)random.NextInt64((long)span + 1);
        int limit = random.Next(3) == 0 ? random.Next(1, 50) : 0;
        List<TestEvent> model = CollisionModel.Shown(policy, Nanoseconds[unit], events)
            .FindAll(e => e.Time >= start && (e.Time < end || end == ulong.MaxValue));

        var fixture = new ReadFixture(fillers: random.Next(2));
        Plan(fixture, policy, Granularities[unit], start, end, [.. Spread(events, random)]);
        OpenReadRequest request = ReadFixture.Request(start, end);
        request.EventLimit = (ulong)limit;

        Assert.That(
            fixture.ReadRemote(request).Events, Is.EqualTo(limit == 0 ? model : model.Take(limit)), $"{policy} {limit}");
        fixture.ExpectNothingLeft();
    }

    private static IEnumerable<IReadSource> Spread(List<TestEvent> events, Random random)
    {
        var parts = new List<TestEvent>[random.Next(1, 5)];
        for (int part = 0; part < parts.Length; part++)
        {
            parts[part] = [];
        }

        foreach (TestEvent e in events)
        {
            parts[random.Next(parts.Length)].Add(e);
            if (random.Next(4) == 0)
            {
                parts[random.Next(parts.Length)].Add(e); // sent again
            }
        }

        return parts.Select(part => Source(TestEvent.Model(part), random.Next(1, 300)));
    }

    private static IReadSource Source(List<TestEvent> events, int runLength = 100) =>
        events.Count % 2 == 0 ? new ScriptedSource(events.Chunk(runLength)) : new ColumnSource(events.Chunk(runLength));

    private static void Plan(
        ReadFixture fixture, string policy, string granularity, ulong start, ulong end, params IReadSource[] sources) =>
        Plan(fixture, policy, granularity, start, end, watermark: 5, sources);

    private static void Plan(
        ReadFixture fixture, string policy, string granularity, ulong start, ulong end, ulong watermark,
        params IReadSource[] sources)
    {
        var story = new StoryDescriptor { Attributes = { ["collision"] = policy, ["granularity"] = granularity } };
        CollisionRule rule = CollisionRule.Of(story, start, end)!;
        fixture.Plan = (_, _) => ValueTask.FromResult(rule.Over(new ReadPlan(sources, watermark, [])));
    }

    // The source gives everything: what lies outside the wider range does not change what is shown.
    private static List<TestEvent> Read(
        string policy, string granularity, List<TestEvent> events, ulong start = 0, ulong end = ulong.MaxValue)
    {
        var fixture = new ReadFixture();
        Plan(fixture, policy, granularity, start, end, Source(events));
        List<TestEvent> read = fixture.ReadRemote(ReadFixture.Request(start, end)).Events;
        fixture.ExpectNothingLeft();
        return read;
    }
}

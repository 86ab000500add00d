using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Playback.Collisions;
using ChronoLog.Core.Protocol;
using NUnit.Framework;
using FsProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>A range of a story in which each event has a granule of its own, without a read from the story's beginning.</summary>
public sealed class LookBackTests
{
    private readonly List<(ulong Start, int Events)> plans = [];

    /// <summary>
    /// Crowds, gaps and steady streams at any density, counted as coarsely as may be: any range is what the plain model says.
    /// </summary>
    [FsProperty(MaxTest = 400)]
    public void Any_range_shows_what_the_whole_story_says(int seed)
    {
        var random = new Random(seed);
        ulong granularity = random.Next(3) == 0 ? 1 : (ulong)random.Next(2, 50);
        List<TestEvent> events = Story(random, granularity);
        List<TestEvent> shown = CollisionModel.Shown("sequentiality", granularity, events);
        for (int i = 0; i < 10; i++)
        {
            ulong span = Math.Max(events[^1].Time, shown[^1].Time) + (10 * granularity);
            ulong start = random.Next(4) == 0
                ? shown[random.Next(shown.Count)].Time + (ulong)random.Next(2)
                : (ulong)random.NextInt64((long)span);
            ulong end = random.Next(3) == 0 ? ulong.MaxValue : start + (ulong)random.NextInt64((long)span);
            List<TestEvent> read = Read(events, granularity, start, end, random);

            Assert.That(
                read, Is.EqualTo(shown.Where(e => e.Time >= start && (e.Time < end || end == ulong.MaxValue))),
                $"[{start}, {end}) at {granularity}, from {string.Join(", ", plans)}");
        }
    }

    [TestCase(1UL, 1_000UL, Description = "an event per microsecond, in granules of a nanosecond")]
    [TestCase(1_000UL, 3_000UL)]
    [TestCase(1_000_000UL, 1_300_000UL)]
    public void What_is_read_does_not_grow_with_the_story(ulong granularity, ulong step)
    {
        List<TestEvent> events = [.. Enumerable.Range(0, 300_000).Select(i => new TestEvent(step * (ulong)i, 1, (uint)i, ""))];
        ulong start = step * 299_900;

        Assert.That(Read(events, granularity, start, ulong.MaxValue, piece: 2_000), Has.Count.EqualTo(100));
        Assert.That(plans.Sum(plan => plan.Events), Is.LessThan(60_000), string.Join(", ", plans));
        Assert.That(plans, Has.Count.LessThanOrEqualTo(3));
    }

    [Test]
    public void A_crowd_that_reaches_into_the_range_is_read_from_where_it_began()
    {
        // 10,000 events at one tick fill 10,000 granules of 10 ns; the range begins in their middle.
        List<TestEvent> events = [.. Enumerable.Range(0, 10_000).Select(i => new TestEvent(5_000_000, 1, (uint)i, $"{i}"))];

        List<TestEvent> read = Read(events, 10, 5_050_000, 5_050_030, piece: 100);

        Assert.That(read.Select(e => (e.Time, e.Record)), Is.EqualTo(
            new[] { (5_050_000UL, "5000"), (5_050_010UL, "5001"), (5_050_020UL, "5002") }));
    }

    /// <summary>That the other tests can fail: with a count that is too small the same crowd goes unnoticed.</summary>
    [Test]
    public void Only_the_count_tells_of_a_crowd_that_began_before_what_is_read()
    {
        List<TestEvent> events = [.. Enumerable.Range(0, 10_000).Select(i => new TestEvent(5_000_000, 1, (uint)i, $"{i}"))];

        List<TestEvent> read = Drain(Plan(events, 10, 5_050_000, 5_050_030, _ => new PrecedingEvents()));

        Assert.That(read, Is.Empty);
        Assert.That(plans, Is.EqualTo(new[] { (5_050_000UL - 40_960, 0) }));
    }

    [Test]
    public void A_server_that_counts_nothing_has_the_story_read_from_its_beginning()
    {
        List<TestEvent> events = TestEvent.Series(1_000, step: 1_000_000);
        ReadPlan plan = Plan(events, 1, 900_000_000, ulong.MaxValue, _ => PrecedingEvents.Unknown);

        Assert.That(Drain(plan), Has.Count.EqualTo(100));
        Assert.That(plans.Select(each => each.Start), Is.EqualTo(new ulong[] { 900_000_000 - 4096, 0 }));
    }

    [FsProperty(MaxTest = 200)]
    public void What_a_message_says_of_preceding_events_is_never_too_little(int seed)
    {
        var random = new Random(seed);
        ulong granularity = (ulong)random.Next(1, 20);
        List<TestEvent> events = Story(random, granularity);
        ulong occupied = CollisionModel.Shown("sequentiality", granularity, events)[^1].Time / granularity;
        PrecedingEvents said = Count(events, random, random.Next(1, 200));
        var reply = new OpenReadReply { CountedBefore = true };
        reply.Before.Add(said.ToMessages());
        var run = new PrecedingEvents();
        EventRun entries = TestEvent.ToRun(events);
        run.Add([entries]);
        entries.Release();

        Assert.That(reply.Before, Has.Count.LessThanOrEqualTo(PrecedingEvents.MessagePiecesMax));
        Assert.That(PrecedingEvents.Of(reply).FreeFrom(granularity) / granularity, Is.GreaterThan(occupied));
        Assert.That(said.FreeFrom(granularity) / granularity, Is.GreaterThan(occupied));
        Assert.That(run.FreeFrom(granularity) / granularity, Is.GreaterThan(occupied));
        Assert.That(PrecedingEvents.Of(new OpenReadReply()).FreeFrom(granularity), Is.EqualTo(ulong.MaxValue));
    }

    // Stretches of any density, from far apart to many in a granule.
    private static List<TestEvent> Story(Random random, ulong granularity)
    {
        var events = new List<TestEvent>();
        ulong time = (ulong)random.Next(100_000) * granularity;
        while (events.Count == 0 || random.Next(5) > 0)
        {
            int step = random.Next(4) switch { 0 => 1, 1 => (int)granularity, 2 => 3 * (int)granularity, _ => 100 * (int)granularity };
            for (int i = random.Next(1, 500); i > 0; i--)
            {
                time += (ulong)random.Next(step + 1);
                events.Add(new TestEvent(time, (ulong)random.Next(1, 3), (uint)events.Count, $"{events.Count}"));
            }

            time += (ulong)random.Next(20_000) * granularity;
        }

        return TestEvent.Model(events);
    }

    private List<TestEvent> Read(List<TestEvent> events, ulong granularity, ulong start, ulong end, Random random) =>
        Drain(Plan(events, granularity, start, end, before => Count(before, random, random.Next(1, 300))));

    private List<TestEvent> Read(List<TestEvent> events, ulong granularity, ulong start, ulong end, int piece) =>
        Drain(Plan(events, granularity, start, end, before => Count(before, null, piece)));

    // In pieces, of which some have events twice, and none says where its events begin.
    private static PrecedingEvents Count(List<TestEvent> events, Random? random, int piece)
    {
        var before = new PrecedingEvents();
        foreach (TestEvent[] part in events.Chunk(piece))
        {
            before.Add(part[^1].Time, (ulong)(part.Length + (random?.Next(3) ?? 0)));
        }

        return before;
    }

    private ReadPlan Plan(
        List<TestEvent> events, ulong granularity, ulong start, ulong end, Func<List<TestEvent>, PrecedingEvents> count)
    {
        plans.Clear();
        return new SequentialRule(granularity, start, end).PlanAsync(
            (from, to, _) =>
            {
                List<TestEvent> part = events.FindAll(e => e.Time >= from && (e.Time < to || to == ulong.MaxValue));
                plans.Add((from, part.Count));
                return ValueTask.FromResult(
                    new ReadPlan([new ScriptedSource(part.Chunk(100))], 5, []) { Before = count(events.FindAll(e => e.Time < from)) });
            },
            default).AsTask().GetAwaiter().GetResult();
    }

    private static List<TestEvent> Drain(ReadPlan plan)
    {
        List<TestEvent> read = ReadFixture.Drain(plan.Sources.Single()).AsTask().GetAwaiter().GetResult();
        plan.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return read;
    }
}

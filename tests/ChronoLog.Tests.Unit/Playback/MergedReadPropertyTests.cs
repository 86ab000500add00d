using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using NUnit.Framework;
using FsProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Playback;

public sealed class MergedReadPropertyTests
{
    /// <summary>
    /// Three tiers that hold any parts of one set of events, each part any number of times, give the set.
    /// </summary>
    [FsProperty(MaxTest = 60)]
    public void Any_split_over_the_tiers_replays_as_the_set(int seed)
    {
        var random = new Random(seed);
        var fixture = new ReadFixture(fillers: random.Next(3));
        List<TestEvent> events = TestEvent.Model(Enumerable.Range(0, random.Next(1, 3_000)).Select(_ => new TestEvent(
            (ulong)random.Next(2_000),
            (ulong)random.Next(1, 4),
            (uint)random.Next(3),
            new string('r', random.Next(200)))));
        List<TestEvent>[] tiers = [[], [], []];
        foreach (TestEvent e in events)
        {
            int where = random.Next(1, 8);
            for (int tier = 0; tier < 3; tier++)
            {
                if ((where >> tier & 1) == 1)
                {
                    tiers[tier].Add(e);
                }
            }
        }

        fixture.PlanOf([
            Memory(tiers[0].Concat(tiers[0].Take(random.Next(50))), random),
            new ScriptedSource(Cut(tiers[1], random)),
            random.Next(2) == 0
                ? new ScriptedSource(Cut(tiers[2], random)) { Before = async _ => await Task.Yield() }
                : new ColumnSource(Cut(tiers[2], random)),
        ]);

        Assert.That(fixture.ReadRemote().Events, Is.EqualTo(events));
        fixture.ExpectNothingLeft();
    }

    // Several runs that overlap each other as the partial runs of ingestion threads do.
    private static RunReadSource Memory(IEnumerable<TestEvent> events, Random random)
    {
        List<EventRun> runs = [.. events.GroupBy(_ => random.Next(3)).Select(TestEvent.ToRun)];
        var source = new RunReadSource("memory", runs);
        runs.ForEach(run => run.Release());
        return source;
    }

    // Consecutive runs, as pages and row ranges come.
    private static IEnumerable<IReadOnlyList<TestEvent>> Cut(List<TestEvent> events, Random random)
    {
        for (int at = 0; at < events.Count;)
        {
            int count = Math.Min(random.Next(1, 200), events.Count - at);
            yield return events.GetRange(at, count);
            at += count;
        }
    }
}

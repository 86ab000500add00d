using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

public sealed class StreamingMergeTests
{
    [Test]
    public void Equals_the_model_for_any_pages_with_bounded_memory()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var ledger = new CountedBlock.Ledger();
            List<List<ModelEvent>> given =
            [
                .. Enumerable.Range(0, random.Next(0, 7)).Select(source => Enumerable.Range(0, random.Next(0, 120))
                    .Select(_ => ModelEvent.Next(random, record: random.Next(4) == 0 ? $"of {source}" : null))
                    .OrderBy(e => e.Sequence).ToList()),
            ];
            List<Queue<ModelEvent[]>> pages =
                [.. given.Select(events => new Queue<ModelEvent[]>(events.Chunk(random.Next(1, 30))))];
            List<ModelEvent> expected = ModelEvent.Merge(given.SelectMany(events => events));
            List<ModelEvent> delivered = [];
            using (var merge = new StreamingMerge(given.Count))
            {
                Run(merge, pages, ledger, delivered, random);
                int duplicates = given.Sum(events => events.Count) - expected.Count;
                Assert.That(merge.Duplicates, Is.EqualTo(duplicates), $"seed {seed}");
                int conflicts = given.SelectMany(events => events).GroupBy(e => e.Sequence)
                    .Sum(group => group.Count(e => e.Record != group.First().Record));
                Assert.That(merge.Conflicts, Is.EqualTo(conflicts), $"seed {seed}");
            }

            Assert.That(delivered, Is.EqualTo(expected), $"seed {seed}");
            Assert.That(ledger.Alive, Is.Zero, $"seed {seed}");
        }
    }

    [Test]
    public void Page_that_goes_back_in_time_is_refused_and_released()
    {
        var ledger = new CountedBlock.Ledger();
        using var merge = new StreamingMerge(1);
        merge.Feed(0, ledger.Run([new(10, 1, 1, "a")]));
        Assert.That(merge.Read(new EventEntry[4]), Is.EqualTo(1));
        var exception = Assert.Throws<ChronoLogException>(() => merge.Feed(0, ledger.Run([new(9, 1, 1, "b")])));
        Assert.That(exception!.Status, Is.EqualTo(Status.Corrupt));
        Assert.That(ledger.Alive, Is.EqualTo(1));
        Assert.That(merge.NeedsInput(out int source), Is.True);
        merge.End(source);
        Assert.That(merge.AtEnd);
    }

    [Test]
    public void Source_that_has_input_takes_no_more()
    {
        using var merge = new StreamingMerge(2);
        merge.Feed(1, new CountedBlock.Ledger().Run([new(1, 1, 1, "")]));
        EventRun more = new CountedBlock.Ledger().Run([new(2, 1, 1, "")]);
        Assert.That(() => merge.Feed(1, more), Throws.InvalidOperationException);
        Assert.That(() => merge.End(1), Throws.InvalidOperationException);
        Assert.That(merge.NeedsInput(out int source), Is.True);
        Assert.That(source, Is.Zero);
    }

    [Test]
    public void No_sources_are_at_the_end_at_once()
    {
        using var merge = new StreamingMerge(0);
        Assert.That(merge.AtEnd);
        Assert.That(merge.NeedsInput(out _), Is.False);
        Assert.That(merge.Read(new EventEntry[1]), Is.Zero);
    }

    private static void Run(
        StreamingMerge merge, List<Queue<ModelEvent[]>> pages, CountedBlock.Ledger ledger, List<ModelEvent> delivered,
        Random random)
    {
        var target = new EventEntry[random.Next(1, 40)];
        while (!merge.AtEnd)
        {
            while (merge.NeedsInput(out int source))
            {
                if (pages[source].TryDequeue(out ModelEvent[]? page))
                {
                    merge.Feed(source, ledger.Run(page));
                }
                else
                {
                    merge.End(source);
                }

                Assert.That(ledger.Alive, Is.LessThanOrEqualTo(pages.Count + 1), "one page per source, and one more");
            }

            int count = merge.Read(target);
            foreach (ref readonly EventEntry entry in target.AsSpan(0, count))
            {
                delivered.Add(ModelEvent.From(entry));
            }
        }
    }
}

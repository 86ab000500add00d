using ChronoLog.Core.Chunk;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

public sealed class MergeCursorTests
{
    [Test]
    public void Equals_the_model_for_any_runs()
    {
        var ledger = new CountedBlock.Ledger();
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            int count = random.Next(0, 12);
            List<List<ModelEvent>> given = [.. Enumerable.Range(0, count).Select(run => Make(random, run))];
            List<EventRun> runs = [.. given.Select(events => ledger.Run(events))];
            List<ModelEvent> expected = ModelEvent.Merge(given.SelectMany(events => events.OrderBy(e => e.Sequence)));
            using (MergeCursor cursor = MergeCursor.Over(runs))
            {
                runs.ForEach(run => run.Release());
                Assert.That(cursor.Drain(random), Is.EqualTo(expected), $"seed {seed}");
                int duplicates = given.Sum(run => run.Count) - expected.Count;
                Assert.That(cursor.Duplicates, Is.EqualTo(duplicates), $"seed {seed}");
                Assert.That(cursor.Conflicts, Is.EqualTo(Conflicts(given)), $"seed {seed}");
                Assert.That(cursor.Read(new Core.Model.EventEntry[1]), Is.Zero);
            }

            Assert.That(ledger.Alive, Is.Zero, $"seed {seed}");
        }
    }

    [Test]
    public void Of_equal_events_the_first_given_wins_and_other_bytes_are_counted()
    {
        var ledger = new CountedBlock.Ledger();
        EventRun[] runs =
        [
            ledger.Run([new(10, 1, 1, "first"), new(20, 1, 1, "same")]),
            ledger.Run([new(5, 1, 1, "early"), new(10, 1, 1, "other")]),
            ledger.Run([new(10, 1, 1, "first"), new(20, 1, 1, "same")]),
        ];
        using MergeCursor cursor = MergeCursor.Over(runs);
        Assert.That(cursor.Drain().Select(e => e.Record), Is.EqualTo((string[])["early", "first", "same"]));
        Assert.That((cursor.Duplicates, cursor.Conflicts), Is.EqualTo((3, 1)));
    }

    [Test]
    public void Last_tick_is_no_end_mark()
    {
        var ledger = new CountedBlock.Ledger();
        EventRun[] runs =
        [
            ledger.Run([new(1, 1, 1, "a")]),
            ledger.Run([new(ulong.MaxValue, ulong.MaxValue, uint.MaxValue, "z")]),
            ledger.Run([new(2, 1, 1, "b"), new(ulong.MaxValue, 3, 1, "y")]),
        ];
        using MergeCursor cursor = MergeCursor.Over(runs);
        Assert.That(cursor.Drain().Select(e => e.Record), Is.EqualTo((string[])["a", "b", "y", "z"]));
    }

    [Test]
    public void One_run_is_made_of_what_is_left_and_keeps_its_blocks()
    {
        var ledger = new CountedBlock.Ledger();
        EventRun[] runs =
        [
            ledger.Run([new(1, 1, 1, "a"), new(3, 1, 1, "ccc")]), ledger.Run([new(2, 1, 1, "bb"), new(3, 1, 1, "ccc")]),
        ];
        EventRun merged;
        using (MergeCursor cursor = MergeCursor.Over(runs))
        {
            Assert.That(cursor.Read(new Core.Model.EventEntry[1]), Is.EqualTo(1));
            merged = cursor.ToRun()!;
            Assert.That(cursor.ToRun(), Is.Null);
        }

        Array.ForEach(runs, run => run.Release());
        Assert.That(merged.Events().Select(e => e.Record), Is.EqualTo((string[])["bb", "ccc"]));
        Assert.That(merged.RecordBytes, Is.EqualTo(5));
        Assert.That(ledger.Alive, Is.EqualTo(2));
        merged.Release();
        Assert.That(ledger.Alive, Is.Zero);
    }

    [Test]
    public void Disposed_cursor_is_refused()
    {
        MergeCursor cursor = MergeCursor.Over([]);
        cursor.Dispose();
        cursor.Dispose();
        Assert.That(() => cursor.Read(new Core.Model.EventEntry[1]), Throws.InstanceOf<ObjectDisposedException>());
    }

    /// <summary>
    /// Interleaved, or each behind the other, or long stretches of one source: every path of the merge.
    /// </summary>
    private static List<ModelEvent> Make(Random random, int run)
    {
        int count = random.Next(1, 80);
        string? record = random.Next(3) == 0 ? $"of run {run % 2}" : null;
        return random.Next(3) switch
        {
            0 => [.. Enumerable.Range(0, count).Select(_ => ModelEvent.Next(random, record: record))],
            1 => [.. Enumerable.Range(run * 30, count).Select(i => new ModelEvent((ulong)i, 1, 0, record ?? "r"))],
            _ => [.. Enumerable.Range(2000, count * 5).Select(i => new ModelEvent((ulong)i / 2, (ulong)i % 2, 0, "r"))],
        };
    }

    private static int Conflicts(List<List<ModelEvent>> given) => given
        .SelectMany(events => events.OrderBy(e => e.Sequence))
        .GroupBy(e => e.Sequence)
        .Sum(group => group.Count(e => e.Record != group.First().Record));
}

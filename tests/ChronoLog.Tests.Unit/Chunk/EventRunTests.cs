using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

public sealed class EventRunTests
{
    [Test]
    public void Range_equals_filtering()
    {
        var ledger = new CountedBlock.Ledger();
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            EventRun run = ledger.Run(Enumerable.Range(0, random.Next(1, 60)).Select(_ => ModelEvent.Next(random)));
            List<ModelEvent> all = run.Events();
            ulong start = (ulong)random.Next(60);
            ulong end = random.Next(5) == 0 ? ulong.MaxValue : (ulong)random.Next(60);
            EventRun? range = run.Range(start, end);
            List<ModelEvent> expected = [.. all.Where(e => e.Time >= start && e.Time < end)];
            Assert.That(range?.Events() ?? [], Is.EqualTo(expected), $"seed {seed}");
            Assert.That(range?.RecordBytes ?? 0, Is.EqualTo(expected.Sum(e => e.Record.Length)), $"seed {seed}");
            range?.Release();
            run.Release();
        }

        Assert.That(ledger.Alive, Is.Zero);
    }

    [Test]
    public void End_of_time_includes_the_last_tick()
    {
        EventRun run = new CountedBlock.Ledger().Run(
            [new(ulong.MaxValue - 1, 1, 1, "a"), new(ulong.MaxValue, 1, 1, "b")]);
        Assert.That(run.Range(ulong.MaxValue - 1, ulong.MaxValue)!.Count, Is.EqualTo(2));
        Assert.That(run.Range(0, ulong.MaxValue - 1), Is.Null);
    }

    [Test]
    public void Slices_keep_the_blocks_when_the_run_is_gone()
    {
        var ledger = new CountedBlock.Ledger();
        EventRun run = ledger.Run([new(1, 1, 1, "one"), new(2, 1, 2, "two"), new(3, 1, 3, "three")]);
        EventRun slice = run.Slice(1, 1);
        run.AddReference();
        run.Release();
        run.Release();
        Assert.That(slice.Events().Single().Record, Is.EqualTo("two"));
        Assert.That(ledger.Alive, Is.EqualTo(1));
        slice.Release();
        Assert.That(ledger.Alive, Is.Zero);
    }

    [Test]
    public void Releasing_too_often_and_referencing_the_released_are_refused()
    {
        EventRun run = new CountedBlock.Ledger().Run([new(1, 1, 1, "one")]);
        run.Release();
        Assert.That(run.Release, Throws.InvalidOperationException);
        EventRun single = new CountedBlock.Ledger().Run([new(1, 1, 1, "")]);
        Assert.That(() => single.Slice(0, 2), Throws.InstanceOf<ArgumentException>());
        EventRun other = new CountedBlock.Ledger().Run([new(1, 1, 1, "one")]);
        other.Release();
        Assert.That(other.AddReference, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Handed_over_array_is_used_as_it_is()
    {
        var block = new CountedBlock(new CountedBlock.Ledger(), 10);
        EventEntry[] entries =
        [
            block.Add(new(5, 1, 1, "x")), block.Add(new(6, 1, 2, "yz")), block.Add(new(7, 1, 3, "w")),
        ];
        var run = new EventRun(entries, 1, 2, [block]);
        Assert.Multiple(() =>
        {
            Assert.That(run.First, Is.EqualTo(new EventSequence(6, 1, 2)));
            Assert.That(run.Last, Is.EqualTo(new EventSequence(7, 1, 3)));
            Assert.That(run.RecordBytes, Is.EqualTo(3));
            Assert.That(block.References, Is.EqualTo(1));
        });
        run.Release();
        Assert.That(block.References, Is.Zero);
    }
}

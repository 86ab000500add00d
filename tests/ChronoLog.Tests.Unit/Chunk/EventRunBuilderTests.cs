using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

public sealed class EventRunBuilderTests
{
    public enum Shape
    {
        Random,
        NearlySorted,
        SortedBatches,
        Descending,
        Sorted,
    }

    [TestCase(Shape.Random)]
    [TestCase(Shape.NearlySorted)]
    [TestCase(Shape.SortedBatches)]
    [TestCase(Shape.Descending)]
    [TestCase(Shape.Sorted)]
    public void Builds_a_stably_sorted_run_of_what_came_in(Shape shape)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            List<ModelEvent> events = Make(shape, random, random.Next(1, 700));
            EventRun run = new CountedBlock.Ledger().Run(events);
            Assert.That(run.Events(), Is.EqualTo(events.OrderBy(e => e.Sequence)), $"seed {seed}");
            run.Release();
        }
    }

    [Test]
    public void References_each_block_once_and_starts_again_empty()
    {
        var ledger = new CountedBlock.Ledger();
        var first = new CountedBlock(ledger, 100);
        var second = new CountedBlock(ledger, 100);
        var builder = new EventRunBuilder();
        for (uint index = 0; index < 20; index++)
        {
            CountedBlock block = index % 2 == 0 ? first : second;
            builder.Append(block.Add(new(index, 1, index, "r")), block);
        }

        Assert.That(builder.RecordBytes, Is.EqualTo(20));
        EventRun run = builder.Build()!;
        Assert.Multiple(() =>
        {
            Assert.That(first.References, Is.EqualTo(2));
            Assert.That(second.References, Is.EqualTo(2));
            Assert.That(run.RecordBytes, Is.EqualTo(20));
            Assert.That(builder.Count, Is.Zero);
            Assert.That(builder.Build(), Is.Null);
        });
        builder.Append(first.Add(new(1, 1, 1, "again")), first);
        EventRun next = builder.Build()!;
        Assert.That(next.Events().Single().Record, Is.EqualTo("again"));
        Assert.That(run.Events()[^1].Time, Is.EqualTo(19), "the first run is untouched");
        run.Release();
        next.Release();
        Assert.That((first.References, second.References), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Order_is_remembered_at_ties_of_time_too()
    {
        EventRun run = new CountedBlock.Ledger().Run([new(0, 0, 2, "b"), new(0, 0, 1, "a"), new(0, 0, 2, "c")]);
        Assert.That(run.Events().Select(e => e.Record), Is.EqualTo((string[])["a", "b", "c"]));
    }

    [Test]
    public void Appending_allocates_nothing_once_arrays_are_pooled()
    {
        var block = new PinnedBlock(64);
        var builder = new EventRunBuilder();
        const int Events = 100_000;
        void Round()
        {
            for (uint index = 0; index < Events; index++)
            {
                builder.Append(new EventEntry(index, 1, index, block.Address, 64), block);
            }

            builder.Build()!.Release();
        }

        Round();
        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        double bytesPerEvent = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Events;
        Assert.That(bytesPerEvent, Is.LessThan(0.1), "bytes per event");
    }

    private static List<ModelEvent> Make(Shape shape, Random random, int count)
    {
        var events = new List<ModelEvent>();
        for (int index = 0; index < count; index++)
        {
            ulong time = shape switch
            {
                Shape.NearlySorted => (ulong)(index + random.Next(5)),
                Shape.SortedBatches => (ulong)((index % 97) * 3),
                Shape.Descending => (ulong)(count - index),
                Shape.Sorted => (ulong)(index / 3),
                _ => (ulong)random.Next(40),
            };
            events.Add(new ModelEvent(time, shape == Shape.Sorted ? 1 : (ulong)random.Next(2), 0, $"{index}"));
        }

        return events;
    }
}

using ChronoLog.Core.Chunk;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

public sealed class ColumnPageWriterTests
{
    private static readonly ColumnImageHeader Header = new(7, 0, ulong.MaxValue);

    [Test]
    public void Pages_are_as_full_as_they_can_be_and_together_hold_everything()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            List<ModelEvent> events = [.. Enumerable.Range(0, 200).Select(index =>
                new ModelEvent((ulong)index, 1, 0, new string('x', random.Next(0, 60))))];
            EventRun run = new CountedBlock.Ledger().Run(events);
            using var writer = new ColumnPageWriter();
            var page = new Core.Model.PinnedBlock(random.Next(260, 3_000));
            List<ModelEvent> read = [];
            while (read.Count < events.Count)
            {
                page.Span.Fill(0xEE);
                Fill(writer, page, run, read.Count, random);
                int next = read.Count + writer.Count;
                if (next < events.Count)
                {
                    long records = writer.RecordBytes + events[next].Record.Length;
                    long with = ColumnImage.RequiredBytes(writer.Count + 1, records);
                    Assert.That(with, Is.GreaterThan(page.Length), $"seed {seed}: one more would have fitted");
                }

                int expectedLength = writer.Length;
                int length = writer.Finish(page.Span, Header);
                Assert.That(length, Is.EqualTo(expectedLength));
                EventRun part = ColumnImage.ToRun(page, length);
                read.AddRange(part.Events());
                part.Release();
            }

            Assert.That(read, Is.EqualTo(events), $"seed {seed}");
            run.Release();
        }
    }

    [Test]
    public void Event_larger_than_a_page_is_not_taken()
    {
        EventRun run = new CountedBlock.Ledger().Run([new(1, 1, 1, new string('x', 500))]);
        using var writer = new ColumnPageWriter();
        Assert.That(writer.Add(new byte[400], run.Entries), Is.Zero);
        byte[] page = new byte[400];
        int length = writer.Finish(page, Header);
        Assert.That(ColumnImage.Parse(page.AsSpan(0, length)).Header.Count, Is.Zero);
    }

    [Test]
    public void Records_are_copied_before_their_block_goes_away()
    {
        var ledger = new CountedBlock.Ledger();
        EventRun run = ledger.Run([new(1, 1, 1, "stays")]);
        using var writer = new ColumnPageWriter();
        var page = new Core.Model.PinnedBlock(400);
        Assert.That(writer.Add(page.Span, run.Entries), Is.EqualTo(1));
        run.Release();
        Assert.That(ledger.Alive, Is.Zero);
        int length = writer.Finish(page.Span, Header);
        Assert.That(ColumnImage.ToRun(page, length).Events().Single().Record, Is.EqualTo("stays"));
    }

    [Test]
    public void Cleared_writer_begins_again()
    {
        EventRun run = new CountedBlock.Ledger().Run([new(1, 1, 1, "a"), new(2, 1, 1, "b")]);
        using var writer = new ColumnPageWriter();
        var page = new Core.Model.PinnedBlock(400);
        writer.Add(page.Span, run.Entries);
        writer.Clear();
        writer.Add(page.Span, run.Entries[1..]);
        EventRun read = ColumnImage.ToRun(page, writer.Finish(page.Span, Header));
        Assert.That(read.Events().Single().Record, Is.EqualTo("b"));
    }

    private static void Fill(
        ColumnPageWriter writer, Core.Model.PinnedBlock page, EventRun run, int from, Random random)
    {
        while (from + writer.Count < run.Count)
        {
            int offered = Math.Min(random.Next(1, 50), run.Count - from - writer.Count);
            if (writer.Add(page.Span, run.Entries.Slice(from + writer.Count, offered)) < offered)
            {
                return;
            }
        }
    }
}

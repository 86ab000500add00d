using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

[TestFixture]
public class StoryFileRoundTripTests
{
    private const ulong Start = 1_000_000;
    private const ulong End = 2_000_000;

    private ArchiveSandbox sandbox = null!;

    [SetUp]
    public void SetUp() => sandbox = new ArchiveSandbox();

    [TearDown]
    public void TearDown() => sandbox.Dispose();

    [TestCase(0, 10)]
    [TestCase(1, 0)]
    [TestCase(1, 100)]
    [TestCase(500, 0)]
    [TestCase(3000, 300)]
    [TestCase(50, 300_000)]
    [TestCase(100_000, 64)]
    public void Events_come_back_in_order_and_byte_for_byte(int count, int lengthMax)
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(count), count, Start, End, lengthMax);
        string path = sandbox.Write(events, Start, End);

        using StoryFile file = StoryFile.Open(path);

        ArchiveSandbox.AssertEqual(
            ArchiveSandbox.ReadAll(file.Range(0, ulong.MaxValue)), events.OrderBy(e => e.Sequence));
        Assert.That(file.Header.EventCount, Is.EqualTo(count));
        Assert.That(file.Header.RecordBytes, Is.EqualTo(events.Sum(e => (long)e.Record.Length)));
        Assert.That(file.Verify(), Is.Empty);
        Assert.That(ArchiveInspector.Verify(path).Findings, Is.Empty);
    }

    [Test]
    public void A_range_gives_exactly_the_events_within()
    {
        var random = new Random(3);
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(random, 20_000, Start, End, 20);
        using StoryFile file = StoryFile.Open(sandbox.Write(events, Start, End));
        ModelEvent[] sorted = [.. events.OrderBy(e => e.Sequence)];

        for (int i = 0; i < 40; i++)
        {
            ulong from = Start - 5 + (ulong)random.NextInt64(1_000_010);
            ulong to = i % 4 == 0 ? from + (ulong)random.Next(200) : Start + (ulong)random.NextInt64(1_000_010);
            IEnumerable<ModelEvent> expected =
                sorted.Where(e => e.Sequence.EventTime >= from && e.Sequence.EventTime < to);
            ArchiveSandbox.AssertEqual(ArchiveSandbox.ReadAll(file.Range(from, to)), expected);
            Assert.That(file.CountRange(from, to), Is.EqualTo(expected.Count()));
        }
    }

    [Test]
    public void A_range_begins_and_ends_at_events_half_open()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(4), 5000, Start, End, 5);
        ModelEvent[] sorted = [.. events.OrderBy(e => e.Sequence)];
        using StoryFile file = StoryFile.Open(sandbox.Write(events, Start, End));
        ulong from = sorted[2048].Sequence.EventTime;
        ulong to = sorted[4096].Sequence.EventTime;

        ArchiveSandbox.AssertEqual(
            ArchiveSandbox.ReadAll(file.Range(from, to)),
            sorted.Where(e => e.Sequence.EventTime >= from && e.Sequence.EventTime < to));
    }

    [Test]
    public void Duplicates_are_stored_once_and_the_counts_tell()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(5), 3000, Start, End, 50);
        var writer = new StoryFileWriter();

        for (int round = 0; round < 3; round++)
        {
            List<ModelEvent> twice = [.. events, .. events];
            using StoryFile file = StoryFile.Open(sandbox.Write(twice, Start, End, writer));
            ArchiveSandbox.AssertEqual(
                ArchiveSandbox.ReadAll(file.Range(0, ulong.MaxValue)), events.OrderBy(e => e.Sequence));
            Assert.That(file.Header.EventCount, Is.EqualTo(3000));
            Assert.That(file.Header.Generation, Is.EqualTo(round));
            Assert.That(file.Verify(), Is.Empty);
        }

        Assert.That(writer.EventsWritten, Is.EqualTo(9000));
    }

    [Test]
    public void Runs_outlive_the_file_and_their_release_unmaps_it()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(6), 100, Start, End, 50);
        StoryFile file = StoryFile.Open(sandbox.Write(events, Start, End));
        EventRun[] runs = [.. file.Range(0, ulong.MaxValue)];
        PayloadBlock block = runs[0].Blocks[0];

        file.Dispose();

        Assert.That(block.References, Is.EqualTo(runs.Length));
        ArchiveSandbox.AssertEqual(ArchiveSandbox.ReadAll(runs), events.OrderBy(e => e.Sequence));
        Assert.That(block.References, Is.Zero);
    }

    [Test]
    public void Large_records_come_in_runs_of_bounded_bytes()
    {
        List<ModelEvent> events = [.. Enumerable.Range(0, 64).Select(
            i => new ModelEvent(new EventSequence(Start + (ulong)i, 1, 0), new byte[1 << 20]))];
        using StoryFile file = StoryFile.Open(sandbox.Write(events, Start, End));

        foreach (EventRun run in file.Range(0, ulong.MaxValue))
        {
            Assert.That(run.RecordBytes, Is.LessThanOrEqualTo(4 << 20));
            run.Release();
        }
    }

    [Test]
    public void The_header_says_what_was_written()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(7), 100, Start, End, 50);
        StoryFileHeader header = StoryFile.ReadHeader(sandbox.Write(events, Start, End));

        Assert.That(header, Is.EqualTo(new StoryFileHeader
        {
            Chronicle = ArchiveSandbox.Chronicle,
            Story = ArchiveSandbox.Story,
            StoryId = ArchiveSandbox.StoryId,
            StartTime = Start,
            EndTime = End,
            Generation = 0,
            EventCount = 100,
            RecordBytes = events.Sum(e => (long)e.Record.Length),
            FirstEventTime = events.Min(e => e.Sequence.EventTime),
            LastEventTime = events.Max(e => e.Sequence.EventTime),
            Collision = "redundancy",
            Granularity = "ns",
            Complete = true,
            WriterVersion = header.WriterVersion,
            PartialCount = 2,
        }));
        Assert.That(header.WriterVersion, Is.Not.Empty);
    }

    [Test]
    public void Names_as_long_as_allowed_fit_the_user_block()
    {
        StoryChunk chunk = ArchiveSandbox.ChunkOf([], Start, End);
        string longName = string.Concat(Enumerable.Repeat("%ä", 341));
        StoryFileContent content = ArchiveSandbox.ContentOf(chunk) with { Chronicle = longName, Story = longName };

        StoryFileName name = new StoryFileWriter().Write(sandbox.StoryDirectory, content);

        using StoryFile file = StoryFile.Open(sandbox.StoryDirectory, name.ToString());
        Assert.That(file.Header.Story, Is.EqualTo(longName));
        Assert.That(file.Columns[0].Length, Is.Zero);
    }
}

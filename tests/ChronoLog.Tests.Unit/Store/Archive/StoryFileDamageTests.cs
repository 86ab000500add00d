using ChronoLog.Core.Chunk;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

[TestFixture]
public class StoryFileDamageTests
{
    private const ulong Start = 1_000_000;
    private const ulong End = 2_000_000;

    private ArchiveSandbox sandbox = null!;

    [SetUp]
    public void SetUp() => sandbox = new ArchiveSandbox();

    [TearDown]
    public void TearDown() => sandbox.Dispose();

    [Test]
    public void Every_flipped_bit_is_found()
    {
        string path = Write(9000, 40);
        byte[] sound = File.ReadAllBytes(path);
        var random = new Random(21);
        // A sample of everything, all of the fixed part of the user block, and the neighbourhood of each column.
        var positions = Enumerable.Range(0, 300).Select(_ => random.Next(sound.Length)).Concat(Enumerable.Range(0, 320))
            .Concat(Edges(path, sound.Length)).ToHashSet();

        foreach (int position in positions)
        {
            byte[] damaged = [.. sound];
            damaged[position] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            Assert.That(ArchiveInspector.Verify(path).Findings, Is.Not.Empty, $"byte {position}");
        }

        File.WriteAllBytes(path, sound);
        Assert.That(ArchiveInspector.Verify(path).Findings, Is.Empty);
    }

    [Test]
    public void Every_truncation_is_found()
    {
        string path = Write(500, 40);
        byte[] sound = File.ReadAllBytes(path);
        int[] lengths = [0, 1, 7, 4095, 4096, 4097, sound.Length / 2, sound.Length - 1];

        foreach (int length in lengths)
        {
            File.WriteAllBytes(path, sound[..length]);
            Assert.That(() => StoryFile.Open(path), Corrupt(), $"{length} bytes");
        }

        File.WriteAllBytes(path, [.. sound, 0]);
        Assert.That(() => StoryFile.Open(path), Corrupt());
    }

    [Test]
    public void Garbage_is_refused()
    {
        string path = System.IO.Path.Combine(sandbox.Path, "garbage");
        var random = new Random(22);
        foreach (int length in new[] { 0, 100, 4096, 100_000 })
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            File.WriteAllBytes(path, bytes);
            Assert.That(() => StoryFile.Open(path), Corrupt());
            Assert.That(ArchiveInspector.Verify(path).Findings, Has.Count.EqualTo(1));
        }

        Assert.That(() => StoryFile.Open(sandbox.Path), Throws.Exception);
    }

    [TestCase(StoryColumn.ClientId)]
    [TestCase(StoryColumn.EventIndex)]
    [TestCase(StoryColumn.RecordOffset)]
    [TestCase(StoryColumn.Record)]
    [TestCase(StoryColumn.EventTime)]
    public void Around_a_damaged_block_the_events_are_given_and_the_gap_is_named(StoryColumn column)
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(23), 60_000, Start, End, 30);
        string path = sandbox.Write(events, Start, End);
        long middle;
        using (StoryFile file = StoryFile.Open(path))
        {
            ColumnExtent extent = file.Columns[(int)column];
            middle = extent.Offset + extent.Length / 2;
        }

        Flip(path, middle);
        using StoryFile damaged = StoryFile.Open(path);
        var gaps = new List<Gap>();
        List<ModelEvent> given = ArchiveSandbox.ReadAll(damaged.Range(0, ulong.MaxValue, gaps.Add));

        Assert.That(() => ArchiveSandbox.ReadAll(damaged.Range(0, ulong.MaxValue)), Corrupt());
        Assert.That(gaps, Is.Not.Empty);
        Assert.That(gaps, Has.All.Property(nameof(Gap.Reason)).Contains(column.ToString()));
        Assert.That(given, Is.Not.Empty);
        // Whatever lies in no gap was given.
        bool Missing(ModelEvent e) =>
            gaps.Any(g => e.Sequence.EventTime >= g.StartTime && e.Sequence.EventTime < g.EndTime);
        Assert.That(events.Count(Missing), Is.LessThan(events.Count));
        ArchiveSandbox.AssertEqual(
            [.. given.Where(e => !Missing(e))], events.Where(e => !Missing(e)).OrderBy(e => e.Sequence));
    }

    [Test]
    public void A_future_format_version_is_named_as_such()
    {
        string path = Write(10, 10);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[12] = 3;
        BitConverter.TryWriteBytes(bytes.AsSpan(4092), Crc32C.Compute(bytes.AsSpan(0, 4092)));
        File.WriteAllBytes(path, bytes);

        Assert.That(
            () => StoryFile.Open(path),
            Throws.TypeOf<ChronoLogException>().With.Message.Contains("version 3")
                .And.Property(nameof(ChronoLogException.Status)).EqualTo(Status.NotSupported));
    }

    private static NUnit.Framework.Constraints.Constraint Corrupt() => Throws.TypeOf<ChronoLogException>()
        .With.Property(nameof(ChronoLogException.Status)).EqualTo(Status.Corrupt);

    private static void Flip(string path, long position)
    {
        using FileStream stream = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = position;
        int value = stream.ReadByte();
        stream.Position = position;
        stream.WriteByte((byte)(value ^ 0x10));
    }

    private static IEnumerable<int> Edges(string path, int length)
    {
        using StoryFile file = StoryFile.Open(path);
        foreach (ColumnExtent extent in file.Columns)
        {
            foreach (long edge in new[] { extent.Offset - 1, extent.Offset, extent.End - 1, extent.End })
            {
                if (edge >= 0 && edge < length)
                {
                    yield return (int)edge;
                }
            }
        }
    }

    private string Write(int count, int lengthMax) =>
        sandbox.Write(ArchiveSandbox.RandomEvents(new Random(20), count, Start, End, lengthMax), Start, End);
}

using ChronoLog.Core.Ports;
using ChronoLog.Store.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Journal;

internal sealed class JournalReaderTests
{
    private string directory = "";
    private string file = "";
    private long[] offsets = [];

    /// <summary>Ten batches; the first five were synced before the sixth was appended.</summary>
    [SetUp]
    public void SetUp()
    {
        directory = Directory.CreateTempSubdirectory("chronolog-journal-").FullName;
        using (var journal = new SegmentJournal(new JournalOptions
        {
            Directory = directory, SegmentBytes = 64 << 10, QuotaBytes = 1 << 20,
        }))
        {
            for (int i = 0; i < 10; i++)
            {
                JournalSpan span = JournalTests.Append(journal, JournalTests.Frames(i, 4), i);
                span.Segment.AddReference(); // keeps the file when the journal ends
                if (i == 4)
                {
                    journal.Sync();
                }
            }
        }

        file = Directory.GetFiles(directory, "segment-*").Single();
        offsets = [.. Scan().Batches.Select(batch => batch.Offset)];
        Assert.That(offsets, Has.Length.EqualTo(10));
    }

    [TearDown]
    public void TearDown() => Directory.Delete(directory, recursive: true);

    [TestCase(0)]
    [TestCase(16)]
    [TestCase(63)]
    [TestCase(64)]
    [TestCase(200)]
    public void ADamagedLastBatchIsATornTail(int at)
    {
        Flip(offsets[9] + at);
        SegmentScan scan = Scan();
        Assert.That(scan.Batches.Select(batch => batch.Number), Is.EqualTo(Enumerable.Range(1, 9)));
        Assert.That(scan.End, Is.EqualTo(SegmentEnd.Torn));
        Assert.That(scan.EndOffset, Is.EqualTo(offsets[9]));
        Assert.That(scan.IsDamaged, Is.False);
    }

    [Test]
    public void ATruncatedFileIsReadUpToItsEnd()
    {
        using (FileStream stream = File.OpenWrite(file))
        {
            stream.SetLength(offsets[7] + 100);
        }

        // The header states a longer file: nothing in it can be trusted to lie where it should.
        Assert.That(Scan().End, Is.EqualTo(SegmentEnd.NoHeader));
    }

    [Test]
    public void DamageOfSyncedBatchesInTheMiddleIsReportedAndWhatFollowsIsRead()
    {
        Flip(offsets[2] + 80);
        Flip(offsets[3] + 8);
        SegmentScan scan = Scan();
        Assert.That(scan.Batches.Select(batch => batch.Number), Is.EqualTo(new[] { 1, 2, 5, 6, 7, 8, 9, 10 }));
        SegmentHole hole = scan.Holes.Single();
        Assert.That((hole.FirstNumber, hole.LastNumber), Is.EqualTo((3L, 4L)));
        Assert.That((hole.Offset, hole.Length), Is.EqualTo((offsets[2], offsets[4] - offsets[2])));
        Assert.That(scan.IsDamaged, Is.True);
        Assert.That(scan.End, Is.EqualTo(SegmentEnd.Open));
    }

    [Test]
    public void AHoleAmongBatchesThatWereNeverSyncedIsWhatAPowerCutLeaves()
    {
        Clear(offsets[6], offsets[8]);
        SegmentScan scan = Scan();
        SegmentHole hole = scan.Holes.Single();
        Assert.That((hole.FirstNumber, hole.LastNumber), Is.EqualTo((7L, 8L)));
        Assert.That(hole.WasSynced, Is.False);
        Assert.That(scan.IsDamaged, Is.False);
    }

    [Test]
    public void TheFirstBatchMissingIsNoticed()
    {
        Clear(offsets[0], offsets[1]);
        SegmentHole hole = Scan().Holes.Single();
        Assert.That((hole.FirstNumber, hole.LastNumber, hole.WasSynced), Is.EqualTo((1L, 1L, true)));
    }

    [TestCase(0)]
    [TestCase(30)]
    [TestCase(73)]
    public void ADamagedSegmentHeaderIsNoHeader(int at)
    {
        Flip(at);
        Assert.That(Scan().End, Is.EqualTo(SegmentEnd.NoHeader));
    }

    [Test]
    public void AnySingleFlippedByteCostsAtMostItsOwnBatch()
    {
        byte[] sound = File.ReadAllBytes(file);
        var random = new Random(4711);
        for (int round = 0; round < 200; round++)
        {
            File.WriteAllBytes(file, sound);
            long at = random.NextInt64(offsets[0], offsets[9] + 320);
            Flip(at);
            SegmentScan scan = Scan();
            Assert.That(scan.Batches, Has.Count.GreaterThanOrEqualTo(9), $"flip at {at}");
            Assert.That(scan.Batches.Select(batch => batch.Number), Is.Ordered);
        }
    }

    [Test]
    public void GarbageOfAnyLengthIsNoSegment()
    {
        var random = new Random(4712);
        foreach (int length in new[] { 0, 1, 75, 4096, 70000 })
        {
            byte[] garbage = new byte[length];
            random.NextBytes(garbage);
            File.WriteAllBytes(file, garbage);
            Assert.That(Scan().End, Is.EqualTo(SegmentEnd.NoHeader));
        }
    }

    private SegmentScan Scan() => JournalReader.ScanFile(file);

    private void Flip(long offset) => Change(offset, 1, value => (byte)(value ^ 0x41));

    private void Clear(long from, long to) => Change(from, (int)(to - from), _ => 0);

    private void Change(long offset, int length, Func<byte, byte> change)
    {
        using FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        byte[] bytes = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(bytes);
        stream.Position = offset;
        stream.Write([.. bytes.Select(change)]);
    }
}

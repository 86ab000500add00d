using System.Diagnostics;
using ChronoLog.Core.Ports;
using ChronoLog.Store.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Journal;

/// <summary>Files in the journal's directory that are no segments, or not what they say.</summary>
internal sealed class HostileSegmentTests
{
    private JournalCrash crash = null!;
    private string copy = "";

    [SetUp]
    public void SetUp()
    {
        crash = new JournalCrash();
        crash.Append(batches: 5, records: 4);
        copy = crash.Copy();
    }

    [TearDown]
    public void TearDown() => crash.Dispose();

    [TestCase(1)]
    [TestCase(75)]
    [TestCase(4096)]
    [TestCase(70000)]
    public void GarbageIsSetAsideAndStatedAndTheOthersAreRecovered(int length)
    {
        byte[] garbage = new byte[length];
        new Random(length).NextBytes(garbage);
        garbage[0] = 1;
        Put(99, path => File.WriteAllBytes(path, garbage));

        // Shorter than a page: nothing was ever written there as a segment.
        JournalCrash.Recovered recovered = Recover();

        recovered.AssertIs(crash.Batches);
        AssertSetAside(recovered, garbage);
    }

    [Test]
    public void FilesThatAreNoneAreSetAside()
    {
        Put(50, path => Directory.CreateDirectory(path));
        Put(51, path => File.CreateSymbolicLink(path, "/etc/passwd"));
        Put(52, path => Process.Start("mkfifo", path).WaitForExit());
        Put(53, path =>
        {
            using FileStream stream = File.Create(path);
            stream.SetLength(1L << 40); // sparse: as long as a disk
        });

        JournalCrash.Recovered recovered = Recover();

        recovered.AssertIs(crash.Batches);
        Assert.That(recovered.Report.Damages, Has.Count.EqualTo(4));
        Assert.That(Directory.GetFileSystemEntries(copy, "*.damaged"), Has.Length.EqualTo(4));
        Assert.That(JournalCrash.Recover(crash.Open(copy)).Report.Damages, Has.Count.EqualTo(4), "stated again");
    }

    [TestCase(32, Description = "sequence")]
    [TestCase(40, Description = "segment bytes")]
    [TestCase(48, Description = "data start")]
    [TestCase(56, Description = "rewrite of")]
    [TestCase(64, Description = "first number")]
    public void AHeaderMadeForThePurposeIsSurvived(int field)
    {
        byte[] page = new byte[SegmentHeader.PageLength];
        foreach (long value in (long[])[0, -1, long.MinValue, long.MaxValue, 1, 4097, 1 << 30])
        {
            SegmentHeader header = SegmentHeaderOf(99);
            header = field switch
            {
                32 => header with { Sequence = value },
                40 => header with { SegmentBytes = value },
                48 => header with { DataStart = value },
                56 => header with { RewriteOf = value },
                _ => header with { FirstNumber = value },
            };
            header.Write(page);
            Put(99, path => File.WriteAllBytes(path, [.. page, .. new byte[60 << 10]]));
            SegmentJournal journal = crash.Open(copy);
            JournalCrash.Recover(journal).AssertIs(crash.Batches, $"{field} = {value}");
            journal.Dispose();
            Array.ForEach(Directory.GetFiles(copy, "*.damaged"), File.Delete);
        }
    }

    [Test]
    public void ASearchThroughCandidatesEnds()
    {
        // Every 64 bytes what looks like a batch as long as the rest of the file: without a bound each would be summed
        // up.
        const int Bytes = 32 << 20;
        byte[] file = new byte[Bytes];
        SegmentHeader header = SegmentHeaderOf(99) with { SegmentBytes = Bytes };
        header.Write(file.AsSpan(0, SegmentHeader.PageLength));
        for (int at = SegmentHeader.PageLength; at < Bytes; at += BatchHeader.Length)
        {
            new BatchHeader(0, 0, 1, default, header.Tag, IsSeal: false).Seal(file.AsSpan(at, BatchHeader.Length));
            BitConverter.TryWriteBytes(file.AsSpan(at + 8), Bytes - at - BatchHeader.Length);
        }

        Put(99, path => File.WriteAllBytes(path, file));
        long begin = Stopwatch.GetTimestamp();
        Recover().AssertIs(crash.Batches);
        // 500,000 candidates of 16 MiB on average would take half an hour.
        Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(TimeSpan.FromMinutes(1)));
    }

    private static SegmentHeader SegmentHeaderOf(long sequence) => new(
        SegmentHeader.MakeTag(17, 1000, sequence), 17, 1000, sequence, JournalCrash.SegmentBytes, SegmentHeader.PageLength,
        RewriteOf: 0, FirstNumber: 6);

    private void Put(long sequence, Action<string> make) => make(Path.Combine(copy, SegmentFile.NameOf(sequence)));

    private JournalCrash.Recovered Recover()
    {
        SegmentJournal journal = crash.Open(copy);
        JournalCrash.Recovered recovered = JournalCrash.Recover(journal);
        journal.Dispose();
        return recovered;
    }

    private void AssertSetAside(JournalCrash.Recovered recovered, byte[] content)
    {
        JournalDamage damage = recovered.Report.Damages.Single();
        Assert.That((damage.StartTime, damage.EndTime), Is.EqualTo((0UL, ulong.MaxValue)), "it may have held anything");
        string aside = Directory.GetFiles(copy, "*.damaged").Single();
        Assert.That(damage.Path + ".damaged", Is.EqualTo(aside));
        Assert.That(File.ReadAllBytes(aside), Is.EqualTo(content));
    }
}

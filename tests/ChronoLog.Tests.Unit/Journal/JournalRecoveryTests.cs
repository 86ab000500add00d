using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Interop.Posix;
using ChronoLog.Store.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Journal;

/// <summary>What a journal that was killed gives back, and what it does with the files.</summary>
internal sealed class JournalRecoveryTests
{
    private JournalCrash crash = null!;

    [SetUp]
    public void SetUp() => crash = new JournalCrash();

    [TearDown]
    public void TearDown() => crash.Dispose();

    [Test]
    public void EveryBatchOfAKilledProcessComesBackOnceWithItsOrigin()
    {
        crash.Append(batches: 100, records: 40);
        crash.Living.Prepare(); // spares are part of what is left
        SegmentJournal journal = crash.Open(crash.Copy());

        JournalCrash.Recovered recovered = JournalCrash.Recover(journal);

        recovered.AssertIs(crash.Batches);
        Assert.That(recovered.Origins.Select(origin => origin.RingPosition), Is.EqualTo(Enumerable.Range(1000, 100)));
        Assert.That(recovered.Report.Damages, Is.Empty);
        Assert.That(recovered.Report.BatchesTorn, Is.Zero);
        Assert.That(recovered.Report.ProcessId, Is.EqualTo(17));
        Assert.That(recovered.Report.Segments, Is.GreaterThan(3));
        Assert.That(JournalCrash.Files(journal.Directory), Has.Length.EqualTo(recovered.Report.Segments), "no spares");
        Assert.That(journal.BytesUsed, Is.EqualTo((long)recovered.Report.Segments * JournalCrash.SegmentBytes));
    }

    [TestCase(-1, ExpectedResult = 17UL)]
    [TestCase(0, ExpectedResult = 0UL)]
    [TestCase(9, ExpectedResult = 0UL)]
    [TestCase(19, ExpectedResult = 0UL)]
    public ulong AKeeperThatLeftNothingIsStillTheSameOne(int damagedByte)
    {
        string copy = crash.Copy();
        crash.Living.Dispose(); // and lets go of its lock
        byte[] owner = File.ReadAllBytes(Path.Combine(crash.Living.Directory, "lock"));
        if (damagedByte >= 0)
        {
            owner[damagedByte] ^= 1;
        }

        File.WriteAllBytes(Path.Combine(copy, "lock"), owner);
        JournalRecovery report = JournalCrash.Recover(crash.Open(copy)).Report;
        Assert.That(report.Segments, Is.Zero);
        return report.ProcessId;
    }

    [Test]
    public void FilesThatWereMadeSinceTheOpeningAreNoConcernOfTheRecovery()
    {
        crash.Append();
        SegmentJournal journal = crash.Open(crash.Copy());
        journal.Prepare(); // its thread runs before the recovery
        JournalCrash.Recover(journal).AssertIs(crash.Batches);
        JournalTests.Append(journal, crash.Batches[0]).Segment.AddReference();
        Assert.That(JournalReader.Scan(journal.Directory).Sum(scan => scan.Batches.Count), Is.EqualTo(2));
    }

    [Test]
    public void ARecoveredSegmentGoesExactlyWhenNothingPointsIntoItAnyMore()
    {
        crash.Append(batches: 60, records: 40);
        SegmentJournal journal = crash.Open(crash.Copy());
        JournalCrash.Recovered recovered = JournalCrash.Recover(journal);
        journal.Prepare(); // makes a spare
        string[] files = JournalCrash.Files(journal.Directory);
        PayloadBlock first = recovered.Segments[0];
        var ofFirst = recovered.Segments.Where(segment => ReferenceEquals(segment, first)).ToList();

        ofFirst.SkipLast(1).ToList().ForEach(segment => segment.Release());
        journal.Prepare();
        Assert.That(JournalCrash.Files(journal.Directory), Is.EqualTo(files));
        first.Release();
        journal.Prepare();

        Assert.That(JournalCrash.Files(journal.Directory), Is.EqualTo(files.Skip(1)));
    }

    [Test]
    public void WhatIsRecoveredCountsAgainstTheQuotaUntilItIsArchived()
    {
        crash.Append(batches: 60, records: 40);
        int segments = JournalCrash.Files(crash.Living.Directory).Length;
        SegmentJournal journal = crash.Open(crash.Copy(), quota: segments);
        JournalCrash.Recovered recovered = JournalCrash.Recover(journal);
        Assert.That(journal.TryAppend(default, crash.Batches[0], out _), Is.False);
        Assert.That(journal.State, Is.EqualTo(JournalState.QuotaReached));

        recovered.Release();
        journal.Prepare();

        Assert.That(journal.TryAppend(default, crash.Batches[0], out _), Is.True);
    }

    [Test]
    public void ATailThatWasTornAtAnyByteCostsOnlyTheBatchThatWasBeingWritten()
    {
        crash.Append(batches: 4, records: 2);
        crash.Living.Sync();
        crash.Append(batches: 2, records: 2);
        SegmentScan scan = JournalCrash.ScanOf(crash.Living.Directory);
        long last = scan.Batches[^1].Offset;
        for (long at = last; at < scan.EndOffset; at++)
        {
            string copy = crash.Copy();
            JournalCrash.Change(JournalCrash.Files(copy).Single(), at, (int)(scan.EndOffset - at), _ => 0);
            bool isWhole = at >= last + BatchHeader.Length + crash.Batches[^1].Length; // only padding was cut
            SegmentJournal journal = crash.Open(copy);
            JournalCrash.Recovered recovered = JournalCrash.Recover(journal);
            // A record may end in zeros: then the tail that was cut off there is not missing.
            int whole = recovered.Batches.Count == 6 ? 6 : isWhole ? 6 : 5;
            recovered.AssertIs(crash.Batches.Take(whole), $"cut at {at - last}");
            Assert.That(recovered.Report.Damages, Is.Empty, $"cut at {at - last}");
            journal.Dispose();
        }
    }

    [Test]
    public void WhatHadBeenSyncedAndIsUnreadableIsDamageAndTheRestIsGiven()
    {
        crash.Append(batches: 5, records: 4);
        crash.Living.Sync();
        crash.Append(batches: 5, records: 4);
        string copy = crash.Copy();
        string file = JournalCrash.Files(copy).Single();
        long offset = JournalCrash.ScanOf(copy).Batches[2].Offset;
        JournalCrash.Change(file, offset + 70, 1, value => (byte)(value ^ 1));
        SegmentJournal journal = crash.Open(copy);

        JournalCrash.Recovered recovered = JournalCrash.Recover(journal);

        recovered.AssertIs(crash.Batches.Where((_, number) => number != 2));
        JournalDamage damage = recovered.Report.Damages.Single();
        Assert.That(damage.Path, Is.EqualTo(file));
        Assert.That(damage.What, Does.Contain($"at {offset} (batches 3 to 3)"));
        Assert.That((damage.StartTime, damage.EndTime), Is.EqualTo((0UL, 78UL)), "ticks 0 to 3, arrival 77");
        Assert.That(File.Exists(file), Is.True, "its events are still needed");

        recovered.Release();
        journal.Prepare();

        Assert.That(File.Exists(file), Is.False);
        Assert.That(File.Exists(file + ".damaged"), Is.True, "set aside, not deleted");
        Assert.That(journal.BytesUsed, Is.EqualTo(JournalCrash.SegmentBytes), "a spare");
        journal.Dispose();
        JournalCrash.Recovered again = JournalCrash.Recover(crash.Open(copy));
        Assert.That(again.Batches, Is.Empty);
        Assert.That(again.Report.Damages.Single().StartTime, Is.EqualTo(damage.StartTime), "stated as long as it is there");
        Assert.That(again.Report.Damages.Single().EndTime, Is.EqualTo(damage.EndTime));
    }

    [TestCase(0, 4096)]
    [TestCase(30, 1)]
    public void ASegmentThatLostItsHeaderIsKnownByItsBatches(int offset, int length)
    {
        crash.Append(batches: 60, records: 40);
        string copy = crash.Copy();
        JournalCrash.Change(JournalCrash.Files(copy)[1], offset, length, value => (byte)(length > 1 ? 0 : value ^ 1));

        JournalCrash.Recovered recovered = JournalCrash.Recover(crash.Open(copy));

        recovered.AssertIs(crash.Batches);
        Assert.That(recovered.Report.Damages, Is.Empty);
    }

    [Test]
    public void ASegmentThatLostMoreThanItsHeaderIsDamaged()
    {
        crash.Append(batches: 60, records: 40);
        string copy = crash.Copy();
        string file = JournalCrash.Files(copy)[1];
        JournalCrash.Change(file, 0, 4096 + 64, _ => 0);

        Assert.That(JournalCrash.Recover(crash.Open(copy)).Report.Damages.Single().Path, Is.EqualTo(file));
        Assert.That(File.Exists(file + ".damaged"), Is.True);
    }

    [Test]
    public void AHoleYoungerThanTheLastSyncIsAPowerCutsAndNoDamage()
    {
        crash.Append(batches: 5, records: 4);
        crash.Living.Sync();
        crash.Append(batches: 5, records: 4);
        string copy = crash.Copy();
        SegmentScan scan = JournalCrash.ScanOf(copy);
        JournalCrash.Change(scan.Path, scan.Batches[6].Offset, 64, _ => 0);

        JournalCrash.Recovered recovered = JournalCrash.Recover(crash.Open(copy));

        recovered.AssertIs(crash.Batches.Where((_, number) => number != 6));
        Assert.That(recovered.Report.Damages, Is.Empty);
        Assert.That(recovered.Report.BatchesTorn, Is.EqualTo(1));
    }

    [Test]
    public void AFullSegmentThatLostItsEndIsDamagedWhenALaterOneKnowsThatItHadBeenSynced()
    {
        crash.Append(batches: 30, records: 40);
        crash.Living.Sync();
        crash.Append();
        string copy = crash.Copy();
        SegmentScan first = JournalReader.Scan(copy).First();
        Assert.That(first.End, Is.EqualTo(SegmentEnd.Sealed));
        long offset = first.Batches[^2].Offset;
        JournalCrash.Change(first.Path, offset, (int)(JournalCrash.SegmentBytes - offset), _ => 0);

        JournalCrash.Recovered recovered = JournalCrash.Recover(crash.Open(copy));

        Assert.That(recovered.Batches, Has.Count.EqualTo(29));
        long number = first.Batches[^2].Number;
        Assert.That(recovered.Report.Damages.Single().What, Does.Contain($"(batches {number} to {number + 1})"));
    }

    [Test]
    public void ARewrittenSegmentStandsForItsBrokenOriginal()
    {
        string? bad = null;
        using var other = new JournalCrash((file, offset, length) =>
        {
            if (file.Path == bad)
            {
                throw new PosixException("msync", file.Path, PosixError.InputOutput);
            }
        });
        other.Append(batches: 3, records: 4);
        other.Living.Sync();
        other.Append(batches: 3, records: 4);
        bad = JournalCrash.Files(other.Living.Directory).Single();
        Assert.That(() => other.Living.Sync(), Throws.InstanceOf<IOException>());
        other.Append(batches: 2, records: 4);
        other.Living.Sync();
        other.Append();
        foreach (bool isLost in (bool[])[false, true])
        {
            string copy = other.Copy();
            if (isLost)
            {
                // What the failed device made of the batches after its last good sync.
                SegmentScan broken = JournalReader.Scan(copy).First();
                JournalCrash.Change(broken.Path, broken.Batches[3].Offset + 64, 300, _ => 0xEE);
            }

            SegmentJournal journal = other.Open(copy);
            JournalCrash.Recovered recovered = JournalCrash.Recover(journal);
            Assert.That(
                recovered.Batches.Select(Convert.ToHexString), Is.EquivalentTo(other.Batches.Select(Convert.ToHexString)));
            Assert.That(recovered.Report.Damages, Is.Empty, $"lost: {isLost}");
            Assert.That(recovered.Report.BatchesTorn, Is.Zero);
            List<PayloadBlock> ofRewrite = recovered.Segments.FindAll(segment => segment.References == 1 + 3);
            Assert.That(ofRewrite, Has.Count.EqualTo(3), "its three batches, and the original's hold on it");
            ofRewrite.ForEach(segment => segment.Release());
            journal.Prepare();
            Assert.That(
                JournalReader.Scan(copy).Count(scan => scan.Header.RewriteOf != 0), Is.EqualTo(1),
                "alone, the broken one would be taken for damaged after another crash");
            recovered.Segments.Except(ofRewrite).Distinct().ToList().ForEach(segment =>
                recovered.Segments.FindAll(each => ReferenceEquals(each, segment)).ForEach(each => each.Release()));
            journal.Prepare();
            Assert.That(JournalCrash.Files(copy), Has.Length.EqualTo(1), "all but the spare are gone");
        }
    }

    [Test]
    public void AProcessThatIsKilledAfterARecoveryLeavesBothRunsEvents()
    {
        crash.Append(batches: 40, records: 40);
        SegmentJournal second = crash.Open(crash.Copy());
        JournalCrash.Recover(second);
        second.Identify(17, 2000);
        JournalTests.Append(second, JournalTests.Frames(77_000, 4)).Segment.AddReference();
        string copy = Directory.CreateDirectory(second.Directory + "-again").FullName;
        foreach (string file in JournalCrash.Files(second.Directory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        JournalCrash.Recovered recovered = JournalCrash.Recover(crash.Open(copy));

        recovered.AssertIs(crash.Batches.Append(JournalTests.Frames(77_000, 4)));
        Assert.That(recovered.Report.Damages, Is.Empty);
    }

    [Test]
    public void WhatWasNotSyncedIsSyncedBeforeItIsGiven()
    {
        crash.Append(batches: 60, records: 40);
        crash.Living.Sync();
        crash.Append(batches: 2, records: 4);
        string copy = crash.Copy();
        SegmentScan last = JournalReader.Scan(copy).Last();
        long unsynced = last.Batches[^2].Offset & ~4095L;
        var synced = new List<(string Path, long Offset, long End)>();
        SegmentJournal journal = crash.Open(copy, (file, offset, length) => synced.Add((file.Path, offset, offset + length)));

        JournalCrash.Recovered recovered = JournalCrash.Recover(journal);

        Assert.That(recovered.Batches, Has.Count.EqualTo(62));
        Assert.That(synced, Is.EqualTo(new[] { (last.Path, unsynced, last.EndOffset) }), "and no more than that");
    }

    [Test]
    public void ADeviceThatRefusesThatSyncFailsTheStartByName()
    {
        crash.Append();
        string copy = crash.Copy();
        SegmentJournal journal = crash.Open(
            copy, (file, _, _) => throw new PosixException("msync", file.Path, PosixError.InputOutput));

        Assert.That(
            () => JournalCrash.Recover(journal),
            Throws.InstanceOf<IOException>().With.Message.Contains(JournalCrash.Files(copy).Single()));
    }

    [Test]
    public void FlipsAnywhereNeverFailTheRecoveryNorInventABatch()
    {
        crash.Append(batches: 20, records: 20);
        crash.Living.Sync();
        crash.Append(batches: 3, records: 20);
        long last = JournalCrash.ScanOf(crash.Living.Directory).Batches[^1].Offset; // torn or damaged: nothing tells
        var known = crash.Batches.Select(Convert.ToHexString).ToHashSet();
        var random = new Random(4713);
        for (int round = 0; round < 200; round++)
        {
            string copy = crash.Copy();
            long at = random.Next(3) == 0 ? random.Next(80) : random.Next(4096, 40_000);
            JournalCrash.Change(JournalCrash.Files(copy).First(), at, 1 + random.Next(8), value => (byte)(value ^ 0x5A));
            SegmentJournal journal = crash.Open(copy);
            JournalCrash.Recovered recovered = JournalCrash.Recover(journal);
            List<string> given = [.. recovered.Batches.Select(Convert.ToHexString)];
            Assert.That(given, Is.Unique, $"round {round}");
            Assert.That(given.All(known.Contains), Is.True, $"round {round}");
            long lost = known.Count - given.Count;
            Assert.That(
                lost == 0 || recovered.Report.Damages.Count > 0 || recovered.Report.BatchesTorn > 0 || at + 8 > last,
                Is.True, $"round {round}: {lost} batches are missing silently after a flip at {at}");
            journal.Dispose();
            Directory.Delete(copy, recursive: true);
        }
    }
}

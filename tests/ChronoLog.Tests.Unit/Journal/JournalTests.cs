using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using ChronoLog.Store.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Journal;

internal sealed class JournalTests
{
    private const int SegmentBytes = 64 << 10;

    private readonly List<(JournalState State, string Message)> told = [];
    private string directory = "";

    [SetUp]
    public void SetUp()
    {
        directory = Directory.CreateTempSubdirectory("chronolog-journal-").FullName;
        told.Clear();
    }

    [TearDown]
    public void TearDown() => Directory.Delete(directory, recursive: true);

    [Test]
    public void BatchesComeBackFromTheFilesInOrderWithTheirOrigins()
    {
        List<byte[]> written = [];
        using (SegmentJournal journal = Open())
        {
            journal.Identify(7, 8);
            var held = new List<PayloadBlock>();
            for (int i = 0; i < 100; i++)
            {
                written.Add(Frames(i, records: 1 + (i % 40)));
                JournalSpan span = Append(journal, written[^1], position: 1000 + i);
                Assert.That(span.Frames.SequenceEqual(written[^1]), Is.True);
                Assert.That(span.Number, Is.EqualTo(i + 1));
                span.Segment.AddReference();
                held.Add(span.Segment);
            }

            Assert.That(journal.Appended, Is.EqualTo(100));
            Assert.That(journal.Sync(), Is.EqualTo(100));
        }

        List<SegmentScan> scans = [.. JournalReader.Scan(directory)];
        Assert.That(scans, Has.Count.GreaterThan(1));
        Assert.That(scans.SkipLast(1).Select(scan => scan.End), Is.All.EqualTo(SegmentEnd.Sealed));
        Assert.That(scans[^1].End, Is.EqualTo(SegmentEnd.Open));
        Assert.That(scans.Select(scan => scan.Header.ProcessId), Is.All.EqualTo(7));
        List<JournalBatch> batches = [.. scans.SelectMany(scan => scan.Batches)];
        Assert.That(batches.Select(batch => batch.Number), Is.EqualTo(Enumerable.Range(1, 100)));
        for (int i = 0; i < 100; i++)
        {
            Assert.That(batches[i].Frames.ToArray(), Is.EqualTo(written[i]));
            Assert.That(batches[i].Origin, Is.EqualTo(new BatchOrigin(1, 2, 1000 + i, 77)));
        }
    }

    [Test]
    public void ASegmentsFileGoesExactlyWhenNothingPointsIntoItAnyMore()
    {
        using SegmentJournal journal = Open(sparesMax: 1);
        journal.Prepare();
        JournalSpan first = Fill(journal);
        first.Segment.AddReference();
        string file = Files().First();
        JournalSpan second = Fill(journal);
        Assert.That(ReferenceEquals(first.Segment, second.Segment), Is.False);
        journal.Prepare();
        Assert.That(File.Exists(file), Is.True);
        long used = journal.BytesUsed;

        first.Segment.Release();
        journal.Prepare();

        Assert.That(File.Exists(file), Is.False);
        Assert.That(journal.BytesUsed, Is.LessThan(used));
    }

    [Test]
    public void SomeReleasedFilesAreKeptForUseAgainAndTheirOldContentIsForgotten()
    {
        using SegmentJournal journal = Open(sparesMax: 2);
        List<PayloadBlock> held = [];
        for (int i = 0; i < 6; i++)
        {
            JournalSpan span = Fill(journal);
            span.Segment.AddReference();
            held.Add(span.Segment);
        }

        Assert.That(Files(), Has.Length.EqualTo(6));
        held.SkipLast(1).ToList().ForEach(segment => segment.Release());
        journal.Prepare();

        Assert.That(Files(), Has.Length.EqualTo(3));
        Assert.That(journal.BytesUsed, Is.EqualTo(3 * SegmentBytes));
        List<SegmentScan> scans = [.. JournalReader.Scan(directory)];
        Assert.That(scans.Sum(scan => scan.Batches.Count), Is.EqualTo(1));
        Assert.That(scans.Count(scan => scan.End == SegmentEnd.NoHeader), Is.EqualTo(2));
    }

    [Test]
    public void TheQuotaHoldsAppendsBackUntilASegmentIsReleased()
    {
        using SegmentJournal journal = Open(quotaSegments: 2);
        JournalSpan first = Fill(journal);
        first.Segment.AddReference();
        Fill(journal);
        byte[] big = Frames(0, SegmentBytes / 2 / 64);
        int taken = 0;
        while (taken < 10 && journal.TryAppend(default, big, out _))
        {
            taken++;
        }

        Assert.That(taken, Is.LessThan(2));
        Assert.That(journal.State, Is.EqualTo(JournalState.QuotaReached));
        Assert.That(journal.Trouble, Does.Contain(directory));
        Assert.That(journal.BytesUsed, Is.EqualTo(journal.BytesQuota));

        first.Segment.Release();

        Assert.That(journal.TryAppend(default, big, out _), Is.True);
        Assert.That(journal.State, Is.EqualTo(JournalState.Ready));
        Assert.That(journal.BytesUsed, Is.EqualTo(journal.BytesQuota));
        Assert.That(told.Select(each => each.State), Is.EqualTo(new[] { JournalState.QuotaReached, JournalState.Ready }));
        Assert.That(told.Select(each => each.Message), Is.All.Contains(directory));
    }

    [Test]
    public void WhatARecycledFileHeldBeforeIsNotReadAgain()
    {
        using SegmentJournal journal = Open(quotaSegments: 2);
        Fill(journal);
        Fill(journal); // nothing points into the first one: its file is used again for the third
        JournalSpan third = Fill(journal);

        SegmentScan scan = JournalReader.Scan(directory).Last();

        Assert.That(scan.Batches.Select(batch => batch.Number), Is.EqualTo(new[] { third.Number }));
        Assert.That(scan.End, Is.Not.EqualTo(SegmentEnd.Sealed));
    }

    [Test]
    public void ABatchThatNoSegmentCouldHoldIsRefused()
    {
        using SegmentJournal journal = Open();
        byte[] largest = new byte[journal.BatchBytesMax];
        Assert.That(journal.TryAppend(default, largest, out _), Is.True);
        var exception = Assert.Throws<ChronoLogException>(
            () => journal.TryAppend(default, new byte[journal.BatchBytesMax + 1], out _));
        Assert.That(exception!.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(journal.TryAppend(default, largest, out _), Is.True);
    }

    [Test]
    public void TwoKeepersNeverShareADirectory()
    {
        using SegmentJournal journal = Open();
        var exception = Assert.Throws<ChronoLogException>(() => Open());
        Assert.That(exception!.Status, Is.EqualTo(Status.Acquired));
        Assert.That(exception.Message, Does.Contain(directory));
    }

    [Test]
    public void AReopenedJournalLeavesWhatItFindsAndGoesOnBehindIt()
    {
        using (SegmentJournal journal = Open())
        {
            Fill(journal).Segment.AddReference(); // not archived
        }

        string[] before = Files();
        Assert.That(before, Has.Length.EqualTo(1));
        using (SegmentJournal journal = Open())
        {
            Fill(journal).Segment.AddReference();
        }

        Assert.That(Files(), Has.Length.EqualTo(2));
        Assert.That(JournalReader.Scan(directory).Sum(scan => scan.Batches.Count), Is.EqualTo(2));
    }

    [Test]
    public void AnArchivedJournalLeavesNoSegmentBehind()
    {
        using (SegmentJournal journal = Open())
        {
            Fill(journal);
            Fill(journal);
            journal.Prepare();
        }

        Assert.That(Files(), Is.Empty);
    }

    [Test]
    public void FilesAreReadableByOwnerAndGroupOnly()
    {
        using SegmentJournal journal = Open();
        Fill(journal);
        const int ReadableByGroup = 0b110_100_000;
        Assert.That(PosixFile.TryStat(Files()[0])!.Value.Permissions & ~ReadableByGroup, Is.Zero);
    }

    [Test]
    public void AFailedSyncSurfacesAndTheBatchesAreWrittenToAnotherFile()
    {
        HashSet<string> bad = [];
        List<string> synced = [];
        using SegmentJournal journal = Open(syncRange: (file, offset, length) =>
        {
            synced.Add(file.Path);
            if (bad.Contains(file.Path))
            {
                throw new PosixException("msync", file.Path, PosixError.InputOutput);
            }

            file.Mapping.Sync(offset, length);
        });
        JournalSpan one = Append(journal, Frames(1, 5));
        one.Segment.AddReference();
        Assert.That(journal.Sync(), Is.EqualTo(1));
        JournalSpan two = Append(journal, Frames(2, 5));
        bad.Add(Files()[0]);

        Assert.That(() => journal.Sync(), Throws.InstanceOf<IOException>());
        Assert.That(journal.Synced, Is.EqualTo(1));
        Assert.That(journal.State, Is.EqualTo(JournalState.DeviceFailed));
        Assert.That(two.Frames.SequenceEqual(Frames(2, 5)), Is.True, "the old mapping stays readable");

        JournalSpan three = Append(journal, Frames(3, 5));
        three.Segment.AddReference();
        Assert.That(ReferenceEquals(three.Segment, two.Segment), Is.False);
        synced.Clear();
        Assert.That(journal.Sync(), Is.EqualTo(3));
        Assert.That(synced, Has.None.EqualTo(bad.Single()), "a file whose sync failed is never synced again");
        Assert.That(journal.State, Is.EqualTo(JournalState.Ready));

        SegmentScan rewritten = JournalReader.Scan(directory).Single(scan => scan.Header.RewriteOf != 0);
        Assert.That(rewritten.Batches.Select(batch => batch.Number), Is.EqualTo(new[] { 2 }));
        Assert.That(rewritten.Batches[0].Frames.ToArray(), Is.EqualTo(Frames(2, 5)));
        one.Segment.Release();
        journal.Prepare();
        Assert.That(File.Exists(bad.Single()), Is.False, "it is not used again either");
        Assert.That(File.Exists(rewritten.Path), Is.False, "the copy goes with the segment that it stands for");
    }

    [Test]
    public void ASecondFailureOfTheSameBatchesIsReportedTooAndNothingCountsAsSynced()
    {
        int failures = 2;
        using SegmentJournal journal = Open(syncRange: (file, offset, length) =>
        {
            if (failures-- > 0)
            {
                throw new PosixException("msync", file.Path, PosixError.InputOutput);
            }

            file.Mapping.Sync(offset, length);
        });
        Append(journal, Frames(1, 5)).Segment.AddReference();
        Append(journal, Frames(2, 5));
        Assert.That(() => journal.Sync(), Throws.InstanceOf<IOException>());
        Assert.That(() => journal.Sync(), Throws.InstanceOf<IOException>());
        Assert.That(journal.Synced, Is.Zero);

        Assert.That(journal.Sync(), Is.EqualTo(2));

        SegmentScan rewritten = JournalReader.Scan(directory).Single(scan => scan.Header.RewriteOf != 0);
        Assert.That(rewritten.Batches.Select(batch => batch.Number), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public void OneThreadAppendsWhileOthersSyncPrepareAndRelease()
    {
        using SegmentJournal journal = Open(quotaSegments: 4);
        using var done = new CancellationTokenSource();
        long ahead = 0;
        Thread[] threads =
        [
            new Thread(() => Repeat(done.Token, () =>
            {
                long covered = journal.Sync();
                ahead += covered > journal.Appended ? 1 : 0;
            })),
            new Thread(() => Repeat(done.Token, () => journal.Prepare())),
        ];
        Array.ForEach(threads, thread => thread.Start());
        try
        {
            AppendAndRelease(journal, batches: 5000);
        }
        finally
        {
            done.Cancel();
            Array.ForEach(threads, thread => thread.Join());
        }

        Assert.That(journal.Sync(), Is.EqualTo(5000));
        Assert.That(ahead, Is.Zero);
        Assert.That(JournalReader.Scan(directory).SelectMany(scan => scan.Holes), Is.Empty);
    }

    internal static byte[] Frames(int seed, int records)
    {
        byte[] bytes = new byte[records * 64];
        for (int i = 0; i < records; i++)
        {
            byte[] record = new byte[40];
            new Random(seed + i).NextBytes(record);
            RecordFrame.Write(bytes.AsSpan(i * 64), 3, (ulong)i, (uint)i, record);
        }

        return bytes;
    }

    internal static JournalSpan Append(SegmentJournal journal, byte[] frames, long position = 0)
    {
        Assert.That(journal.TryAppend(new BatchOrigin(1, 2, position, 77), frames, out JournalSpan span), Is.True);
        return span;
    }

    private static void AppendAndRelease(SegmentJournal journal, int batches)
    {
        Queue<PayloadBlock> held = new();
        byte[] frames = Frames(1, 50);
        for (int i = 0; i < batches;)
        {
            bool taken = journal.TryAppend(new BatchOrigin(1, 2, i, 3), frames, out JournalSpan span);
            if (taken)
            {
                i++;
                span.Segment.AddReference();
                held.Enqueue(span.Segment);
            }

            if (held.Count > 30 || (!taken && held.Count > 0))
            {
                held.Dequeue().Release();
            }
        }
    }

    private static void Repeat(CancellationToken done, Action action)
    {
        while (!done.IsCancellationRequested)
        {
            action();
        }
    }

    // One batch that leaves no room for another one of its size.
    private static JournalSpan Fill(SegmentJournal journal) => Append(journal, Frames(5, (SegmentBytes / 64) - 100));

    private string[] Files() => [.. Directory.GetFiles(directory, "segment-*").Order()];

    private SegmentJournal Open(
        int quotaSegments = 100, int sparesMax = 4, Action<SegmentFile, long, long>? syncRange = null)
    {
        var options = new JournalOptions
        {
            Directory = directory, SegmentBytes = SegmentBytes, QuotaBytes = (long)quotaSegments * SegmentBytes,
            SparesMax = sparesMax,
            StateChanged = (state, message) => told.Add((state, message)),
        };
        return syncRange is null ? new SegmentJournal(options) : new SegmentJournal(options, syncRange);
    }
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

internal sealed class IngestionTests
{
    private const ulong Now = KeeperHarness.Start;
    private const int Events = 4000;

    [Test]
    public void InterleavedStoriesOfTwoRingsReachTheirOwnPipelinesInOrder()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong a = keeper.StartStory("a");
        ulong b = keeper.StartStory("b");
        FakeRing first = keeper.OpenRing(client: 5);
        FakeRing second = keeper.OpenRing(client: 6);
        for (uint i = 0; i < 100; i++)
        {
            first.Record(i % 3 == 0 ? a : b, Now + (10 * i), i, $"first {i}");
            second.Record(i % 2 == 0 ? a : b, Now + (10 * i) + 5, i, $"second {i}");
        }

        keeper.Cycle();

        Assert.That(first.Consumed, Is.EqualTo(first.Tail));
        List<string> expected = [];
        for (uint i = 0; i < 100; i++)
        {
            if (i % 3 == 0)
            {
                expected.Add($"first {i}");
            }

            if (i % 2 == 0)
            {
                expected.Add($"second {i}");
            }
        }

        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(expected));
        Assert.That(HotReader.Read(keeper, "b"), Has.Count.EqualTo(200 - expected.Count));
    }

    [Test]
    public void AnEventOfAStoryThatNobodyNamedWaitsForItsNameAndIsNotLost()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = StoryIdentity.Hash("c", "late");
        FakeRing ring = keeper.OpenRing();
        ring.Record(id, Now, 0, "orphan");
        keeper.Pass(TimeSpan.FromSeconds(4));
        Assert.That(keeper.Extractor.Attempts, Is.Zero);
        Assert.That(keeper.LastHeartbeat!.Statistics["stories_unknown"], Is.EqualTo(1));

        keeper.StartStory("late");
        keeper.Cycle();

        Assert.That(keeper.Extractor.Chunks.Single().Story.Story, Is.EqualTo("late"));
        Assert.That(keeper.Extractor.Chunks.Single().Records, Is.EqualTo(new[] { "orphan" }));
    }

    [Test]
    public void MoreUnknownStoriesThanAllowedDetachTheRingThatBringsThem()
    {
        using KeeperHarness keeper =
            new KeeperHarness(options => options with { UnknownStoriesMax = 2 }).Started();
        FakeRing ring = keeper.OpenRing();
        FakeRing other = keeper.OpenRing(client: 6);
        for (uint i = 1; i <= 3; i++)
        {
            ring.Record(i, Now, i, "x");
        }

        other.Record(1, Now, 0, "y");
        keeper.Cycle();
        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(ring.IsClosed, Is.True);
        Assert.That(ring.IsDisposed, Is.True);
        Assert.That(other.Consumed, Is.EqualTo(other.Tail));
        Assert.That(other.IsDisposed, Is.False);
    }

    [Test]
    public void ABrokenRingIsDetachedAndTheOthersGoOn()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing broken = keeper.OpenRing(client: 5);
        FakeRing sound = keeper.OpenRing(client: 6);
        broken.Record(id, Now, 0, "before");
        keeper.Cycle();
        broken.Defect = new ChronoLogException(Status.Corrupt, "a tail at 7");
        sound.Record(id, Now + 1, 0, "after");

        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(broken.IsDisposed, Is.True);
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "before", "after" }));
        Assert.That(keeper.LastHeartbeat!.Statistics["rings_detached"], Is.EqualTo(1));
        Assert.That(keeper.LastHeartbeat.Statistics["rings"], Is.EqualTo(1));
    }

    [TestCase(0)]
    [TestCase(23)]
    [TestCase(33)]
    [TestCase(-1)]
    [TestCase(int.MaxValue)]
    [TestCase(int.MinValue)]
    [TestCase(RecordFrame.PaddingFlag | 8)]
    public void LengthsAreCheckedAgainInTheJournalsCopy(int length)
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        FakeRing ring = keeper.OpenRing();
        byte[] frame = new byte[32];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(frame, length);
        var batch = new ChronoLog.Core.Ports.BatchOrigin(5, 1, 32, Now);
        Assert.That(keeper.Journal.TryAppend(batch, frame, out var copy), Is.True);
        var stories = new ChronoLog.Keeper.Stories.StoryTable(
            new ChronoLog.Keeper.KeeperOptions { Name = "k", Host = "h" }, keeper.Clock, 1);
        var indexer = new ChronoLog.Keeper.Ingestion.BatchIndexer(0, stories);

        var exception = Assert.Throws<ChronoLogException>(() => indexer.Index(copy, 5, EventTimeRange.All));

        Assert.That(exception!.Status, Is.EqualTo(Status.Corrupt));
        Assert.That(ring.IsDisposed, Is.False);
    }

    [Test]
    public void ATickFarInTheFutureIsCountedAndNotIndexed()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        ring.Record(id, 1UL << 63, 0, "absurd");
        ring.Record(id, Now, 1, "sound");
        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "sound" }));
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail));
        Assert.That(keeper.LastHeartbeat!.Statistics["events_far_future"], Is.EqualTo(1));
    }

    [Test]
    public void AnAbsurdlyOldTickIsCountedAndNotIndexed()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        ulong oldest = EventTimeBounds.Default.AtKeeper(Now).Least;
        ring.Record(id, 0, 0, "absurd");
        ring.Record(id, 1, 1, "absurd");
        ring.Record(id, oldest - 1, 2, "too old");
        ring.Record(id, Now - (8 * 86_400_000_000_000UL), 3, "8 days late");
        ring.Record(id, Now, 4, "sound");
        keeper.Cycle();

        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "8 days late", "sound" }));
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail));
        keeper.Pass(TimeSpan.FromMilliseconds(300)); // a heartbeat
        Assert.That(keeper.LastHeartbeat!.Statistics["events_too_old"], Is.EqualTo(3));
    }

    [Test]
    public void AnEventWhoseWindowHasPassedIsCountedAsLateAndAnnouncedAsSuch()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        ring.Record(id, Now, 0, "in time");
        keeper.Pass(TimeSpan.FromSeconds(3)); // chunk and window of a second each
        ring.Record(id, Now + 1, 1, "late");
        ring.Record(id, Now - (3600 * 1_000_000_000UL), 2, "an hour late");
        ring.Record(id, Now + 2_900_000_000, 3, "in time");
        keeper.Cycle();
        keeper.Pass(TimeSpan.FromSeconds(3));

        Assert.That(
            keeper.Extractor.Chunks.Where(static each => each.IsLate).SelectMany(static each => each.Records),
            Is.EquivalentTo(["late", "an hour late"]));
        Assert.That(keeper.Extractor.Chunks.SelectMany(static each => each.Records), Has.Exactly(4).Items, "none twice");
        Assert.That(keeper.LastHeartbeat!.Statistics["events_late"], Is.EqualTo(2));
    }

    [Test]
    public void AFullJournalHoldsTheRingBackUntilThereIsRoomAgain()
    {
        var journal = new FakeJournal(segmentBytes: 256, segmentsMax: 1);
        using KeeperHarness keeper =
            new KeeperHarness(options => options with { BatchBytes = 64 }, journal).Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        for (uint i = 0; i < 16; i++)
        {
            ring.Record(id, Now + i, i, "12345678");
        }

        for (int i = 0; i < 10; i++)
        {
            keeper.Agents();
        }

        Assert.That(ring.Consumed, Is.EqualTo(256));
        Assert.That(ring.Tail, Is.EqualTo(512));
        keeper.Pass(TimeSpan.FromSeconds(5));
        Assert.That(ring.Consumed, Is.EqualTo(256), "nothing archived, nothing freed");
        Assert.That(ring.Beats, Is.GreaterThan(4), "the producers must not take a full journal for a dead keeper");

        journal.Rotate(); // the writer's own reference goes, the chunk's stays
        Assert.That(journal.SegmentsDeleted, Is.Zero);
        keeper.Archive(keeper.Extractor.Chunks.Single().Identity);
        Assert.That(journal.SegmentsDeleted, Is.EqualTo(1));
        for (int i = 0; i < 10; i++)
        {
            keeper.Agents();
        }

        Assert.That(ring.Consumed, Is.EqualTo(512));
    }

    [Test]
    public void ADeadProducersCommittedEventsAreKeptAndItsAbandonedReservationIsPassedOver()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        ring.Record(id, Now, 0, "last words");
        ring.Reserve(64);
        ring.ProducerAlive = false;

        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "last words" }));
        Assert.That(ring.IsDisposed, Is.True);
        Assert.That(keeper.LastHeartbeat!.Statistics["ring_bytes_abandoned"], Is.EqualTo(64));
    }

    [Test]
    public void ALivingProducersReservationIsWaitedFor()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        ring.Reserve(40);
        keeper.Pass(TimeSpan.FromSeconds(3));
        Assert.That(ring.Consumed, Is.Zero);

        ring.CommitReserved(id, Now, 0, "slow");
        keeper.Pass(TimeSpan.FromMilliseconds(50));

        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "slow" }));
    }

    [Test]
    public void TheDurablePositionFollowsTheSyncAndNeverRunsAheadOfIt()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        keeper.Journal.SyncFailure = new IOException("the device refused");
        ring.Record(id, Now, 0, "x");
        keeper.Pass(TimeSpan.FromMilliseconds(500));
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail));
        Assert.That(ring.Durable, Is.Zero);
        Assert.That(keeper.LastHeartbeat!.Statistics["journal_sync_failures"], Is.GreaterThan(1));

        keeper.Journal.SyncFailure = null;
        keeper.Pass(TimeSpan.FromMilliseconds(200));

        Assert.That(ring.Durable, Is.EqualTo(ring.Tail));
    }

    [Test]
    public void ASyncBetweenAppendAndIndexDoesNotLeaveTheDurablePositionBehind()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        keeper.Pass(TimeSpan.FromSeconds(1));
        keeper.Journal.BetweenAppendAndIndex = () => keeper.Role.SyncAgents[0].DoWork();
        ring.Record(id, Now, 0, "x");
        keeper.Pass(TimeSpan.FromMilliseconds(200));

        Assert.That(keeper.Journal.Synced, Is.EqualTo(1));
        Assert.That(ring.Durable, Is.EqualTo(ring.Tail));
    }

    [Test]
    public void WhatIsUnreadableInTheJournalIsAGapOfEveryStory()
    {
        var damage = new JournalDamage("/journal/stream-0/segment-1", "bytes 64 to 128", 100, 201);
        var journal = new FakeJournal { Recovery = new JournalRecovery(1, 0, 0, [damage]) };
        using KeeperHarness keeper = new KeeperHarness(journal: journal).Started();
        var gaps = new List<Gap>();

        Assert.That(HotReader.Read(keeper, "a", gaps: gaps), Is.Empty);

        Assert.That(gaps.Select(gap => (gap.StartTime, gap.EndTime)), Is.EqualTo(new[] { (100UL, 201UL) }));
        Assert.That(gaps[0].Reason, Does.Contain("/journal/stream-0/segment-1").And.Contain("bytes 64 to 128"));
    }

    [Test]
    public void IngestionAllocatesNothingPerEvent()
    {
        using KeeperHarness keeper = new KeeperHarness(journal: new FakeJournal(segmentBytes: 1 << 20)).Started();
        ulong a = keeper.StartStory("a");
        ulong b = keeper.StartStory("b");
        FakeRing ring = keeper.OpenRing();
        keeper.Journal.Rotate();
        for (int round = 0; round < 3; round++)
        {
            // What is archived gives its index arrays back to the pool: from then on the same ones go round.
            Record(keeper, ring, a, b);
            Drain(keeper, ring);
            keeper.Pass(TimeSpan.FromSeconds(3));
            keeper.Archive([.. keeper.Extractor.Chunks.Select(chunk => chunk.Identity)]);
        }

        Record(keeper, ring, a, b);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Drain(keeper, ring);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.LessThan(Events), "not even a byte per event");
    }

    private static void Drain(KeeperHarness keeper, FakeRing ring)
    {
        while (ring.Consumed < ring.Tail)
        {
            keeper.Role.IngestionAgents[0].DoWork();
        }
    }

    private static void Record(KeeperHarness keeper, FakeRing ring, ulong a, ulong b)
    {
        for (uint i = 0; i < Events; i++)
        {
            ring.Record(i % 2 == 0 ? a : b, keeper.Clock.Now + i, i, "payload of an event");
        }
    }
}

using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

internal sealed class RetirementTests
{
    private const ulong Now = KeeperHarness.Start;

    [Test]
    public void AChunkStaysReadableAndItsSegmentStaysUntilTheArchivedNotice()
    {
        using KeeperHarness keeper = Recorded(out FakeRing ring);
        keeper.Journal.Rotate();
        keeper.Pass(TimeSpan.FromSeconds(3));
        Assert.That(keeper.Extractor.Chunks.Single().Records, Is.EqualTo(new[] { "x" }));
        Assert.That(HotReader.Read(keeper, "a"), Is.Empty, "handed over: the Grapher has it");
        Assert.That(HotReader.Read(keeper, "a", includeHandedOver: true), Is.EqualTo(new[] { "x" }));
        Assert.That(keeper.Journal.SegmentsDeleted, Is.Zero);

        PartialIdentity identity = keeper.Extractor.Chunks.Single().Identity;
        Assert.That((identity.ProcessId, identity.Epoch), Is.EqualTo((17UL, 42UL)));
        keeper.Archive(identity.Clone());

        Assert.That(keeper.Journal.SegmentsDeleted, Is.EqualTo(1));
        Assert.That(HotReader.Read(keeper, "a", includeHandedOver: true), Is.Empty);
        Assert.That(keeper.Role.ChunksNotArchived, Is.Zero);
        Assert.That(ring.IsDisposed, Is.False);
    }

    [Test]
    public void AFailedAnnouncementIsRepeatedAndTheChunkStaysHotMeanwhile()
    {
        using KeeperHarness keeper = Recorded(out _);
        keeper.Extractor.Failure = new ChronoLogException(Status.NoConnection, "no grapher");
        keeper.Pass(TimeSpan.FromSeconds(6));
        Assert.That(keeper.Extractor.Attempts, Is.InRange(3, 20));
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "x" }));
        Assert.That(keeper.LastHeartbeat!.Stories.Single().Events, Is.EqualTo(1));
        Assert.That(Drained(keeper), Is.LessThanOrEqualTo(Now));

        keeper.Extractor.Failure = null;
        keeper.Pass(TimeSpan.FromSeconds(3));

        Assert.That(keeper.Extractor.Chunks.Single().Records, Is.EqualTo(new[] { "x" }));
        Assert.That(keeper.LastHeartbeat!.Stories.Single().Events, Is.Zero);
        Assert.That(Drained(keeper), Is.GreaterThan(Now));
    }

    [Test]
    public void ANoticeDuringAnAnnouncementIsHonouredWhenTheStreamHasEnded()
    {
        using KeeperHarness keeper = Recorded(out _);
        keeper.Extractor.Failure = new ChronoLogException(Status.TimedOut, "the reply was lost");
        keeper.Pass(TimeSpan.FromSeconds(3));
        int attempts = keeper.Extractor.Attempts;
        keeper.Archive(new PartialIdentity { ProcessId = 17, Epoch = 42, Sequence = 1 });
        keeper.Pass(TimeSpan.FromSeconds(5));

        Assert.That(keeper.Role.ChunksNotArchived, Is.Zero);
        Assert.That(keeper.Extractor.Attempts, Is.LessThanOrEqualTo(attempts + 1));
    }

    // The Player may know of a new Grapher before the Keeper does: what the old one had is in nobody's memory but here.
    [Test]
    public void AReadThatAsksAnotherGrapherGetsWhatTheOldOneHad()
    {
        using KeeperHarness keeper = Recorded(out _);
        keeper.Extractor.ReceiverEpoch = KeeperHarness.GrapherEpoch;
        keeper.Pass(TimeSpan.FromSeconds(3));

        Assert.That(HotReader.Read(keeper, "a", grapherEpoch: KeeperHarness.GrapherEpoch), Is.Empty);
        Assert.That(HotReader.Read(keeper, "a", grapherEpoch: 8), Is.EqualTo(new[] { "x" }));
    }

    [Test]
    public void AnAnswerOfTheOldGrapherAfterTheNewOneCameIsNotBelieved()
    {
        using KeeperHarness keeper = Recorded(out _);
        keeper.View.Grapher = KeeperHarness.NewGrapher(epoch: 8);
        keeper.View.Epoch++;
        keeper.Pass(TimeSpan.FromSeconds(1));
        keeper.Extractor.ReceiverEpoch = KeeperHarness.GrapherEpoch;
        keeper.Pass(TimeSpan.FromSeconds(1.5));
        Assert.That(keeper.Extractor.Attempts, Is.GreaterThan(1));

        keeper.Extractor.ReceiverEpoch = 8;
        keeper.Pass(TimeSpan.FromSeconds(1));
        int attempts = keeper.Extractor.Attempts;
        keeper.Pass(TimeSpan.FromSeconds(2));
        Assert.That(keeper.Extractor.Attempts, Is.EqualTo(attempts));
    }

    [Test]
    public void ANewGrapherGetsEverythingThatTheOldOneHadNotArchived()
    {
        using KeeperHarness keeper = Recorded(out _);
        keeper.Pass(TimeSpan.FromSeconds(3));
        Assert.That(keeper.Extractor.Chunks, Has.Count.EqualTo(1));

        keeper.View.Epoch = 2;
        keeper.View.Grapher = KeeperHarness.NewGrapher(epoch: 8);
        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(keeper.Extractor.Chunks, Has.Count.EqualTo(2));
        Assert.That(keeper.Extractor.Chunks[1].Identity, Is.EqualTo(keeper.Extractor.Chunks[0].Identity));
        keeper.Archive(keeper.Extractor.Chunks[1].Identity);
        Assert.That(keeper.Role.ChunksNotArchived, Is.Zero);
    }

    [Test]
    public void ALostNoticeIsMadeGoodByAnnouncingOnceMore()
    {
        using KeeperHarness keeper = Recorded(out _, TimeSpan.FromSeconds(5));
        keeper.Pass(TimeSpan.FromSeconds(3));
        Assert.That(keeper.Role.ChunksNotArchived, Is.EqualTo(1));
        keeper.Extractor.AnswersArchived = true;
        keeper.Pass(TimeSpan.FromSeconds(6));

        Assert.That(keeper.Role.ChunksNotArchived, Is.Zero);
        Assert.That(keeper.Extractor.Attempts, Is.EqualTo(2));
    }

    [Test]
    public void ProgressNeverPassesWhatARingStillHolds()
    {
        using KeeperHarness keeper = Recorded(out FakeRing ring);
        ring.Reserve(40); // a producer that is stopped between reservation and commit
        keeper.Pass(TimeSpan.FromSeconds(1));
        ulong before = Drained(keeper);
        keeper.Pass(TimeSpan.FromSeconds(10));
        Assert.That(Drained(keeper), Is.EqualTo(before));

        ring.CommitReserved(KeeperHarness.Story("a").StoryId, Now + 5, 1, "late");
        keeper.Pass(TimeSpan.FromSeconds(5));

        Assert.That(Drained(keeper), Is.GreaterThan(before));
        Assert.That(keeper.Extractor.Chunks.SelectMany(chunk => chunk.Records), Is.EquivalentTo(new[] { "x", "late" }));
    }

    [Test]
    public void AnIdleStorysProgressFollowsTheTime()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        keeper.StartStory("a");
        keeper.Pass(TimeSpan.FromSeconds(10));

        Assert.That(Drained(keeper), Is.GreaterThanOrEqualTo(Now + (7 * KeeperHarness.Second)));
    }

    [Test]
    public void AStoppedStoryGoesOutAtOnceAndIsDismantledWhenArchived()
    {
        using KeeperHarness keeper = Recorded(out _);
        keeper.CallAdmin(
            Methods.StopStoryRecording, new StopStoryRecordingRequest { StoryId = KeeperHarness.Story("a").StoryId });
        keeper.Cycle();
        Assert.That(keeper.Extractor.Chunks, Has.Count.EqualTo(1), "without waiting for the window");

        keeper.Archive(keeper.Extractor.Chunks.Single().Identity);
        keeper.Pass(TimeSpan.FromSeconds(5));
        Assert.That(keeper.LastHeartbeat!.Stories, Is.Empty);

        keeper.StartStory("a");
        keeper.Rings.Rings[0].Record(KeeperHarness.Story("a").StoryId, Now + (5 * KeeperHarness.Second), 9, "again");
        keeper.Cycle();
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "again" }));
    }

    [Test]
    public void ADestroyedStoryLeavesNothingBehind()
    {
        using KeeperHarness keeper = Recorded(out FakeRing ring);
        keeper.Pass(TimeSpan.FromSeconds(3)); // one chunk handed over
        ring.Record(KeeperHarness.Story("a").StoryId, Now + (3 * KeeperHarness.Second), 1, "y");
        keeper.Cycle();
        keeper.Journal.Rotate();

        keeper.CallAdmin(Methods.DestroyStoryData, new DestroyStoryRequest { Story = KeeperHarness.Story("a") });
        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(keeper.Journal.SegmentsDeleted, Is.EqualTo(1));
        Assert.That(HotReader.Read(keeper, "a", includeHandedOver: true), Is.Empty);
        Assert.That(keeper.Role.ChunksNotArchived, Is.Zero);
        Assert.That(
            () => keeper.StartStory("a"),
            Throws.TypeOf<ChronoLogException>().With.Property(nameof(ChronoLogException.Status)).EqualTo(Status.NotExist),
            "a start that comes late is for a story that is gone");
    }

    [Test]
    public void OfStoriesThatAreNotHereNothingIsStatedAsDrainedUntilTheRingsWereRead()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        FakeRing ring = keeper.OpenRing();
        keeper.Pass(TimeSpan.FromSeconds(3));
        ulong before = keeper.LastProgress!.DrainedThrough;
        Assert.That(before, Is.InRange(keeper.Clock.Now - (2 * KeeperHarness.Second), keeper.Clock.Now - 1));

        keeper.Ingests = false;
        ring.Record(KeeperHarness.Story("a").StoryId, keeper.Clock.Now, 1, "unread");
        keeper.Pass(TimeSpan.FromSeconds(3));
        Assert.That(keeper.LastProgress.Stories, Is.Empty);
        Assert.That(keeper.LastProgress.DrainedThrough, Is.LessThan(keeper.Clock.Now - (2 * KeeperHarness.Second)));
    }

    [Test]
    public void DrainHandsEverythingOverAndWaitsForTheArchive()
    {
        using KeeperHarness keeper = Recorded(out FakeRing ring);
        Task<bool> drained = keeper.Strand.InvokeAsync(
            async () => await keeper.Role.DrainAsync(TimeSpan.FromSeconds(30)));
        keeper.Pass(TimeSpan.FromSeconds(1));
        Assert.That(ring.IsClosed, Is.True);
        Assert.That(keeper.LastHeartbeat!.Draining, Is.True);
        Assert.That(drained.IsCompleted, Is.False);
        Assert.That(keeper.Extractor.Chunks, Has.Count.EqualTo(1));
        Assert.That(() => keeper.OpenRing(client: 9), Throws.TypeOf<ChronoLogException>());

        keeper.Archive(keeper.Extractor.Chunks.Single().Identity);
        keeper.Pass(TimeSpan.FromSeconds(1));

        Assert.That(drained.IsCompleted && drained.Result, Is.True);
        Assert.That(keeper.Rpc.CallsOf(Methods.Unregister), Has.Count.EqualTo(1));
    }

    [Test]
    public void DrainEndsAtItsDeadlineAndWhatIsNotArchivedKeepsItsSegments()
    {
        KeeperHarness keeper = Recorded(out _);
        keeper.Extractor.Failure = new ChronoLogException(Status.NoConnection, "no grapher");
        Task<bool> drained = keeper.Strand.InvokeAsync(
            async () => await keeper.Role.DrainAsync(TimeSpan.FromSeconds(2)));
        keeper.Pass(TimeSpan.FromSeconds(4));

        Assert.That(drained.IsCompleted, Is.True);
        Assert.That(drained.Result, Is.False);
        Assert.That(keeper.Role.NotArchived, Does.Match(@"^1 chunks with \d+ events of stories .+/a$"));
        Assert.That(keeper.Rpc.CallsOf(Methods.Unregister), Is.Empty, "who leaves events behind counts as dead, not as gone");
        keeper.Dispose();
        Assert.That(keeper.Journal.SegmentsDeleted, Is.Zero);
    }

    private static KeeperHarness Recorded(out FakeRing ring, TimeSpan? announceAgainAfter = null)
    {
        KeeperHarness keeper = new KeeperHarness(options => options with
        {
            AnnounceAgainAfter = announceAgainAfter ?? options.AnnounceAgainAfter,
        }).Started();
        ulong id = keeper.StartStory("a");
        ring = keeper.OpenRing();
        ring.Record(id, Now, 0, "x");
        keeper.Cycle();
        return keeper;
    }

    private static ulong Drained(KeeperHarness keeper) =>
        keeper.LastProgress?.Stories.SingleOrDefault()?.DrainedThrough ?? 0;
}

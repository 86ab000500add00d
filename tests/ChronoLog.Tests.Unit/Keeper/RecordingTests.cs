using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

internal sealed class RecordingTests
{
    private const ulong Now = KeeperHarness.Start;

    [Test]
    public void AClientThatAsksAgainGetsItsRing()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        FakeRing first = keeper.OpenRing();
        keeper.OpenRing();
        Assert.That(keeper.Rings.Rings, Has.Count.EqualTo(1));

        keeper.Call("tcp://keeper:1", Methods.CloseRing, new CloseRingRequest { ClientId = 5, RingId = first.RingId });
        keeper.OpenRing();
        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(keeper.Rings.Rings, Has.Count.EqualTo(2));
        Assert.That(first.IsDisposed, Is.True);
        Assert.That(keeper.Rings.Rings[1].IsDisposed, Is.False);
    }

    [Test]
    public void AClosedRingIsEmptiedBeforeItGoes()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        keeper.Ingests = false;
        ring.Record(id, Now, 0, "x");
        keeper.Call("tcp://keeper:1", Methods.CloseRing, new CloseRingRequest { ClientId = 5, RingId = ring.RingId });
        keeper.Pass(TimeSpan.FromMilliseconds(300));
        Assert.That(ring.IsDisposed, Is.False);

        keeper.Ingests = true;
        keeper.Pass(TimeSpan.FromMilliseconds(300));

        Assert.That(ring.IsDisposed, Is.True);
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(new[] { "x" }));
    }

    [Test]
    public void CapsAndHostAreChecked()
    {
        using KeeperHarness keeper = new KeeperHarness(options => options with
        {
            RingsMax = 3, RingsPerClientMax = 2, RingBytesTotal = 64 << 20,
        }).Started();
        var elsewhere = new OpenRingRequest { ClientId = 5, Host = "there" };
        Assert.That(Refused(keeper, elsewhere), Is.EqualTo(Status.NotSupported));
        var nobody = new OpenRingRequest { ClientId = 0, Host = "here" };
        Assert.That(Refused(keeper, nobody), Is.EqualTo(Status.InvalidArgument));
        keeper.OpenRing(client: 5, pid: 1);
        keeper.OpenRing(client: 5, pid: 2);
        Assert.That(
            Refused(keeper, new OpenRingRequest { ClientId = 5, Host = "here", Pid = 3 }),
            Is.EqualTo(Status.LimitExceeded));
        keeper.OpenRing(client: 6, pid: 1);
        Assert.That(
            Refused(keeper, new OpenRingRequest { ClientId = 7, Host = "here", Pid = 3 }),
            Is.EqualTo(Status.LimitExceeded));
    }

    [TestCase(0UL, 4096L * 8)]
    [TestCase(1UL, 4096L * 8)]
    [TestCase(ulong.MaxValue, 4096L * 8)]
    public void ARingIsNeverSoLargeThatItsLongestRecordWouldNotFitTheJournal(ulong wished, long expected)
    {
        using KeeperHarness keeper = new KeeperHarness().Started(); // segments of 4096 bytes
        keeper.Call("tcp://keeper:1", Methods.OpenRing, new OpenRingRequest
        {
            ClientId = 5, Host = "here", Pid = 1, CapacityBytes = wished,
        });

        Assert.That(keeper.Rings.Rings.Single().CapacityBytes, Is.EqualTo(expected));
    }

    [Test]
    public void AFenceWaitsForWhatWasRecordedBeforeAndNotForMore()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        keeper.Ingests = false;
        ring.Record(id, Now, 0, "before");
        Task<bool> fence = keeper.Strand.InvokeAsync(() => keeper.Role.FenceAsync());
        keeper.Cycle();
        Assert.That(fence.IsCompleted, Is.False);

        keeper.Ingests = true;
        keeper.Cycle();
        Assert.That(fence.IsCompleted && fence.Result, Is.True);
    }

    [Test]
    public void AReadThatCannotFenceSaysSo()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        ring.Record(id, Now, 0, "x");
        keeper.Cycle();
        ring.Reserve(64);
        List<Gap> gaps = [];

        Assert.That(HotReader.Read(keeper, "a", gaps: gaps), Is.EqualTo(new[] { "x" }));
        Assert.That(gaps.Single().Reason, Does.Contain("keeper-0"));
    }

    [Test]
    public void AStoryWhoseIdDoesNotFitItsNamesIsRefused()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        StoryDescriptor wrong = KeeperHarness.Story("a");
        wrong.StoryId++;
        var exception = Assert.Throws<ChronoLogException>(
            () => keeper.CallAdmin(Methods.StartStoryRecording, new StartStoryRecordingRequest { Story = wrong }));
        Assert.That(exception!.Status, Is.EqualTo(Status.InvalidArgument));
    }

    private static Status Refused(KeeperHarness keeper, OpenRingRequest request) => Assert.Throws<ChronoLogException>(
        () => keeper.Call("tcp://keeper:1", Methods.OpenRing, request))!.Status;
}

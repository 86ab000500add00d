using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Visor;

internal sealed class VisorTests
{
    private VisorFixture visor = null!;

    [SetUp]
    public void SetUp() => visor = new VisorFixture();

    [Test]
    public void AStoryIsStartedInItsGroupOnceAndStoppedByTheLastRelease()
    {
        JoinGroup();
        ulong first = visor.Connect();
        ulong second = visor.Connect();
        StoryReply reply = Acquire(first, create: true);
        Assert.That(reply.Story.StoryId, Is.EqualTo(StoryIdentity.Hash("c", "s")));
        Assert.That(reply.Group.Keepers.Select(keeper => keeper.Name), Is.EquivalentTo(["keeper-0", "keeper-1"]));
        Acquire(second);
        Acquire(second);
        Assert.That(
            visor.Told, Is.EquivalentTo(["keeper-0 start s", "keeper-1 start s", "grapher start s", "player start s"]));
        visor.Told.Clear();
        Release(first);
        Assert.That(visor.Told, Is.Empty, "another client records");
        Assert.That(visor.Refusal(() => Release(first)), Is.EqualTo(Status.NotAcquired));
        Release(second);
        Assert.That(visor.Told, Is.EquivalentTo(["keeper-0 stop", "keeper-1 stop", "grapher stop", "player stop"]));
    }

    [Test]
    public void WithoutKeepersNothingIsAcquired()
    {
        ulong client = visor.Connect();
        Assert.That(visor.Refusal(() => Acquire(client, create: true)), Is.EqualTo(Status.NoKeepers));
        visor.Join(Role.Keeper, "keeper-0");
        visor.Deaf.Add("keeper-0");
        Assert.That(
            visor.Refusal(() => Acquire(client)), Is.EqualTo(Status.NoKeepers), "the only Keeper does not answer");
        Assert.That(StatusOfStory().Acquirers, Is.Zero, "a failed acquisition holds nothing");
        visor.Deaf.Clear();
        Acquire(client);
        Assert.That(StatusOfStory().Acquirers, Is.EqualTo(1));
    }

    [Test]
    public void DestroyIsRefusedWhileHeldAndTellsTheGroup()
    {
        JoinGroup();
        ulong client = visor.Connect();
        Acquire(client, create: true);
        Assert.That(visor.Refusal(() => DestroyStory(client)), Is.EqualTo(Status.Acquired));
        Assert.That(visor.Refusal(() => DestroyChronicle(client)), Is.EqualTo(Status.Acquired));
        Release(client);
        visor.Told.Clear();
        DestroyStory(client);
        Assert.That(
            visor.Told,
            Is.EquivalentTo(["keeper-0 destroy s", "keeper-1 destroy s", "grapher destroy s", "player destroy s"]));
        Assert.That(visor.Refusal(() => DestroyStory(client)), Is.EqualTo(Status.NotExist));
        DestroyChronicle(client);
        Assert.That(visor.Refusal(() => DestroyChronicle(client)), Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void ASilentProcessLeavesTheViewAndReturnsByRegistering()
    {
        JoinGroup();
        ulong client = visor.Connect();
        Acquire(client, create: true);
        visor.Pump.Advance(visor.Options.DeadAfter + visor.Options.HeartbeatPeriod * 2);
        Assert.That(visor.Refusal(() => Acquire(visor.Connect())), Is.EqualTo(Status.NoKeepers));
        RegisterReply reply = visor.Join(Role.Keeper, "keeper-0", epoch: 2);
        Assert.That(reply.Stories.Select(story => story.Story), Is.EqualTo(["s"]), "it is told what it has to record");
        StoryReply acquired = Acquire(visor.Connect());
        Assert.That(acquired.Group.Keepers.Select(keeper => keeper.Name), Is.EqualTo(["keeper-0"]));
        Assert.That(acquired.Group.DeadKeepers.Select(keeper => keeper.Name), Is.EqualTo(["keeper-1"]));
    }

    [Test]
    public void HeartbeatsKeepAProcessAliveAndCarryTheView()
    {
        RegisterReply keeper = visor.Join(Role.Keeper, "keeper-0");
        for (int i = 0; i < 20; i++)
        {
            visor.Pump.Advance(visor.Options.HeartbeatPeriod);
            HeartbeatReply reply = Beat(keeper, keeper.Group.Epoch);
            Assert.That(reply.RegisterAgain, Is.False);
            Assert.That(reply.Group, Is.Null, "nothing changed");
        }

        visor.Join(Role.Player, "player");
        HeartbeatReply changed = Beat(keeper, keeper.Group.Epoch);
        Assert.That(changed.Group.Player.Name, Is.EqualTo("player"));
        Assert.That(changed.Group.Epoch, Is.GreaterThan(keeper.Group.Epoch));
        var stranger = new HeartbeatRequest { ProcessId = 99, Epoch = 1 };
        Assert.That(visor.CallRegistry(Methods.Heartbeat, stranger).RegisterAgain, Is.True);
    }

    [Test]
    public void AClientsLeaseReleasesItsStories()
    {
        visor = new VisorFixture(
            new VisorOptions { ClientLease = TimeSpan.FromSeconds(2), DeadAfter = TimeSpan.FromHours(1) });
        JoinGroup();
        ulong client = visor.Connect();
        Acquire(client, create: true);
        visor.Pump.Advance(TimeSpan.FromSeconds(5));
        Assert.That(visor.Told, Has.Member("keeper-0 stop"));
        DestroyStory(visor.Connect());
    }

    [Test]
    public void ARestartKeepsNamesAndNumbers()
    {
        JoinGroup();
        ulong client = visor.Connect();
        visor.Call(Methods.CreateChronicle, new ChronicleRequest
        {
            ClientId = client, Chronicle = "kept", Attributes = { ["owner"] = "me", ["granularity"] = "us" },
        });
        Acquire(client, create: true);
        visor.Restart();
        Assert.That(visor.Connect(), Is.GreaterThan(client), "a client id is never given twice");
        ChronicleReply kept = visor.Call(Methods.ShowChronicle, new ChronicleRequest { Chronicle = "kept" });
        Assert.That(kept.Chronicle.Attributes["owner"], Is.EqualTo("me"));
        Assert.That(kept.Chronicle.Attributes["granularity"], Is.EqualTo("us"));
        NameListReply stories = visor.Call(Methods.ListStories, new ChronicleRequest { Chronicle = "c" });
        Assert.That(stories.Names, Is.EqualTo(["s"]));
    }

    [Test]
    public void AStorySticksToItsGroup()
    {
        JoinGroup(group: 3, suffix: "-far");
        ulong client = visor.Connect();
        Assert.That(Acquire(client, create: true).Group.Group, Is.EqualTo(3));
        Release(client);
        JoinGroup(); // group 0 would be the choice of the fixture's random numbers
        Assert.That(Acquire(client).Group.Group, Is.EqualTo(3));
        Assert.That(Acquire(client, story: "another").Group.Group, Is.Zero);
    }

    [Test]
    public void AStoryWhoseGroupDiedMovesAndItsRepliesNameBoth()
    {
        JoinGroup(group: 3, suffix: "-far");
        ulong client = visor.Connect();
        Acquire(client, create: true);
        visor.Pump.Advance(visor.Options.DeadAfter * 2);
        JoinGroup();
        StoryReply moved = Acquire(client);
        Assert.That(moved.Group.Group, Is.Zero);
        AssertEarlier(moved);
        AssertEarlier(visor.Call(Methods.RouteReplay, Story(client)));
        visor.Restart();
        AssertEarlier(visor.Call(Methods.RouteReplay, Story(client)));

        static void AssertEarlier(StoryReply reply)
        {
            Assert.That(reply.EarlierGroups, Is.EqualTo([3u]));
            Assert.That(reply.EarlierViews.Single().Group, Is.EqualTo(3));
            Assert.That(
                reply.EarlierViews.Single().DeadKeepers.Select(keeper => keeper.Name),
                Is.EquivalentTo(["keeper-0-far", "keeper-1-far"]));
        }
    }

    [Test]
    public void ReplaysAreRoutedToThePlayerAndNeedNoHold()
    {
        JoinGroup();
        ulong client = visor.Connect();
        Acquire(client, create: true);
        StoryReply route = visor.Call(Methods.RouteReplay, Story(visor.Connect()));
        Assert.That(route.Group.Player.Name, Is.EqualTo("player"));
        Assert.That(
            visor.Refusal(() => visor.Call(Methods.RouteReplay, Story(client, "none"))), Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void BadRequestsAreRefusedAndTheVisorLivesOn()
    {
        ulong client = visor.Connect();
        Assert.That(
            visor.Refusal(() => visor.Call(Methods.Connect, new ConnectRequest { ClientProtocolVersion = 7 })),
            Is.EqualTo(Status.ProtocolVersionMismatch));
        foreach (string name in (string[])["", "a\0b", new string('x', 5000)])
        {
            Assert.That(
                visor.Refusal(() => visor.Call(
                    Methods.CreateChronicle, new ChronicleRequest { ClientId = client, Chronicle = name })),
                Is.EqualTo(Status.InvalidArgument));
        }

        var many = new ChronicleRequest { ClientId = client, Chronicle = "many" };
        for (int i = 0; i < 1000; i++)
        {
            many.Attributes[$"key {i}"] = "v";
        }

        Assert.That(
            visor.Refusal(() => visor.Call(Methods.CreateChronicle, many)), Is.EqualTo(Status.InvalidArgument));
        Assert.That(
            visor.Refusal(() => visor.CallRegistry(
                Methods.Register, new RegisterRequest { Identity = new ProcessIdentity() })),
            Is.EqualTo(Status.InvalidArgument));
        visor.Join(Role.Grapher, "grapher");
        Assert.That(
            visor.Refusal(() => visor.Join(Role.Grapher, "rival")), Is.EqualTo(Status.Fenced));
    }

    [Test]
    public void TheClockAnswersWithItsTicks()
    {
        ClockReply reply = visor.Call(Methods.Clock, new ClockRequest { ClientSend = 42 });
        Assert.That(reply.ClientSend, Is.EqualTo(42));
        Assert.That(reply.VisorReceive, Is.EqualTo(visor.Clock.Now));
        Assert.That(reply.VisorSend, Is.GreaterThanOrEqualTo(reply.VisorReceive));
    }

    [Test]
    public void ClockReportsOfProcessesAndClientsAreShown()
    {
        RegisterReply keeper = visor.Join(Role.Keeper, "keeper-0");
        ulong client = visor.Connect();
        var clock = new ClockReport
        {
            OffsetNanoseconds = -5, DriftPartsPerMillion = 3, UncertaintyNanoseconds = 70, AgeSeconds = 1, TickSource = "tsc",
        };
        visor.CallRegistry(
            Methods.Heartbeat, new HeartbeatRequest { ProcessId = keeper.ProcessId, Epoch = 1, Clock = clock });
        visor.Call(Methods.KeepAlive, new KeepAliveRequest { ClientId = client, Clock = clock });
        StatusReply status = visor.Call(Methods.Status, new Empty());
        Assert.That(status.Processes.Single(each => each.Identity.Role == Role.Visor).Clock.TickSource, Is.EqualTo("base"));
        Assert.That(status.Processes.Single(each => each.Identity.Role == Role.Keeper).Clock, Is.EqualTo(clock));
        Assert.That(status.Clients.Single().Clock, Is.EqualTo(clock));
    }

    [TestCase(double.NaN, "tsc")]
    [TestCase(0, "\u001b[31m")]
    [TestCase(0, "0123456789012345678901234567890123456789")]
    public void AClockReportThatIsNoneIsNotShown(double drift, string source)
    {
        RegisterReply keeper = visor.Join(Role.Keeper, "keeper-0");
        var clock = new ClockReport { DriftPartsPerMillion = drift, TickSource = source };
        visor.CallRegistry(
            Methods.Heartbeat, new HeartbeatRequest { ProcessId = keeper.ProcessId, Epoch = 1, Clock = clock });
        StatusReply status = visor.Call(Methods.Status, new Empty());
        Assert.That(status.Processes.Single(each => each.Identity.Role == Role.Keeper).Clock, Is.Null);
    }

    [Test]
    public void ThatAStoryHasOwnTimesIsKnownForGood()
    {
        JoinGroup();
        ulong client = visor.Connect();
        Assert.That(Acquire(client, create: true).Story.OwnTimes, Is.False);
        StoryRequest request = Story(client);
        (request.Again, request.OwnTimes) = (true, true);
        Assert.That(visor.Call(Methods.AcquireStory, request).Story.OwnTimes, Is.True);
        Release(client);
        Assert.That(StatusOfStory().Acquirers, Is.Zero, "it is held once");
        visor.Restart();
        JoinGroup();
        Assert.That(visor.Call(Methods.RouteReplay, Story(visor.Connect())).Story.OwnTimes, Is.True);
    }

    private void JoinGroup(uint group = 0, string suffix = "")
    {
        visor.Join(Role.Keeper, "keeper-0" + suffix, group);
        visor.Join(Role.Keeper, "keeper-1" + suffix, group);
        visor.Join(Role.Grapher, "grapher" + suffix, group);
        visor.Join(Role.Player, "player" + suffix, group);
    }

    private StoryReply Acquire(ulong client, bool create = false, string story = "s")
    {
        StoryRequest request = Story(client, story);
        request.CreateChronicle = create;
        return visor.Call(Methods.AcquireStory, request);
    }

    private void Release(ulong client) => visor.Call(Methods.ReleaseStory, Story(client));

    private void DestroyStory(ulong client) => visor.Call(Methods.DestroyStory, Story(client));

    private void DestroyChronicle(ulong client) =>
        visor.Call(Methods.DestroyChronicle, new ChronicleRequest { ClientId = client, Chronicle = "c" });

    private StoryStatus StatusOfStory() =>
        visor.Call(Methods.Status, new Empty()).Stories.Single(story => story.Story == "s");

    private HeartbeatReply Beat(RegisterReply process, ulong groupEpoch) => visor.CallRegistry(
        Methods.Heartbeat, new HeartbeatRequest { ProcessId = process.ProcessId, Epoch = 1, GroupEpoch = groupEpoch });

    private static StoryRequest Story(ulong client, string story = "s") =>
        new() { ClientId = client, Chronicle = "c", Story = story };
}

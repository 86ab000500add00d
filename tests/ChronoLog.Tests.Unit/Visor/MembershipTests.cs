using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>What a restarted Visor knows of its groups, and how a Keeper leaves them.</summary>
internal sealed class MembershipTests
{
    private VisorFixture visor = null!;
    private RegisterReply first = null!;
    private RegisterReply second = null!;
    private RegisterReply grapher = null!;
    private RegisterReply player = null!;

    [SetUp]
    public void SetUp()
    {
        visor = new VisorFixture();
        first = visor.Join(Role.Keeper, "keeper-0");
        second = visor.Join(Role.Keeper, "keeper-1");
        grapher = visor.Join(Role.Grapher, "grapher");
        player = visor.Join(Role.Player, "player");
    }

    [Test]
    public void ARestartedVisorRoutesAndRecordsBeforeAnybodyWasHeard()
    {
        ulong client = visor.Connect();
        StoryReply before = Acquire(client);

        visor.Restart();

        StoryReply after = visor.Call(Methods.RouteReplay, Story(client));
        Assert.That(after.Group.Keepers, Is.EquivalentTo(before.Group.Keepers));
        Assert.That(after.Group.Player, Is.EqualTo(before.Group.Player));
        Assert.That(after.Group.Grapher, Is.EqualTo(before.Group.Grapher));
        Assert.That(after.Group.DeadKeepers, Is.Empty, "a restart of the Visor makes no replay PARTIAL");
        Assert.That(after.Group.Epoch, Is.GreaterThan(before.Group.Epoch));
        Assert.That(Acquire(client).Group.Keepers, Has.Count.EqualTo(2));
        Assert.That(visor.States(), Has.All.Contain("suspect"), "nobody was heard yet");
    }

    [Test]
    public void AHeartbeatIsTakenWithoutANewRegistrationAndWhoIsSilentIsDead()
    {
        visor.Restart();
        Assert.That(visor.Beat(first).RegisterAgain, Is.False);
        Assert.That(visor.Beat(second, epoch: 2).RegisterAgain, Is.True, "another process than the one that is known");
        visor.Live(visor.Options.DeadAfter + visor.Options.HeartbeatPeriod, first, grapher, player);

        Assert.That(
            visor.States(), Is.EquivalentTo(["keeper-0 alive", "keeper-1 dead", "grapher alive", "player alive"]));
        Assert.That(View().DeadKeepers.Select(keeper => keeper.Name), Is.EqualTo(["keeper-1"]));
    }

    [Test]
    public void AHeartbeatBringsTheNewerViewsOfTheGroupsThatItNames()
    {
        RegisterReply other = visor.Join(Role.Keeper, "keeper-7", group: 7);
        ulong known = other.Group.Epoch;
        Assert.That(Others(known), Is.Empty, "it has the newest one");

        visor.CallRegistry(Methods.Unregister, new HeartbeatRequest { ProcessId = other.ProcessId, Epoch = 1 });
        visor.Join(Role.Keeper, "keeper-7", group: 7, epoch: 2);

        GroupView view = Others(known).Single();
        Assert.That(view.Group, Is.EqualTo(7));
        Assert.That(view.Epoch, Is.GreaterThan(known));
        Assert.That(view.Keepers.Select(keeper => keeper.Epoch), Is.EqualTo(new[] { 2UL }));
    }

    [Test]
    public void ADeadKeeperStaysDeadOverRestartsUntilItReturns()
    {
        Kill();
        visor.Restart();
        Assert.That(View().DeadKeepers.Select(keeper => keeper.Name), Is.EqualTo(["keeper-1"]), "from the first moment");
        HeartbeatReply fenced = visor.Beat(second);
        Assert.That((fenced.RegisterAgain, fenced.Fenced), Is.EqualTo((true, true)));
        Assert.That(View().Keepers, Has.Count.EqualTo(1), "a heartbeat alone does not bring it back");

        RegisterReply again = visor.Join(Role.Keeper, "keeper-1", processId: second.ProcessId);

        Assert.That(again.ProcessId, Is.EqualTo(second.ProcessId));
        Assert.That(View().DeadKeepers, Is.Empty);
        Assert.That(visor.Beat(again).RegisterAgain, Is.False);
        visor.Restart();
        Assert.That(View().DeadKeepers, Is.Empty);
    }

    [Test]
    public void WhoSignedOffIsNotThereAfterARestart()
    {
        foreach (RegisterReply process in (RegisterReply[])[second, grapher])
        {
            visor.CallRegistry(
                Methods.Unregister, new HeartbeatRequest { ProcessId = process.ProcessId, Epoch = 1 });
        }

        visor.Restart();

        Assert.That(visor.States(), Is.EquivalentTo(["keeper-0 suspect", "player suspect"]));
        Assert.That(View().DeadKeepers, Is.Empty);
        Assert.That(View().Grapher, Is.Null);
    }

    [Test]
    public void WhoDrainsIsNamedInTheViewUntilItHasLeft()
    {
        var beat = new HeartbeatRequest { ProcessId = second.ProcessId, Epoch = 1, Draining = true };
        visor.CallRegistry(Methods.Heartbeat, beat);
        Assert.That(visor.Beat(grapher).Group.DrainingKeepers, Is.EqualTo([second.ProcessId]), "by its next heartbeat");
        Assert.That(View().Keepers, Has.Count.EqualTo(2), "replays still read it");

        visor.CallRegistry(Methods.Unregister, beat);
        Assert.That(visor.Beat(grapher).Group.DrainingKeepers, Is.Empty);
        Assert.That(View().Keepers, Has.Count.EqualTo(1));
    }

    [Test]
    public void ALostKeeperLeavesTheViewAndIsRemembered()
    {
        Kill();
        ulong tick = visor.Clock.Now;
        LostKeeper lost = visor.Call(Methods.LoseKeeper, new LoseKeeperRequest { Name = "keeper-1", Group = 0 });
        Assert.That((lost.Identity.Name, lost.Declared, lost.Returned), Is.EqualTo(("keeper-1", tick, 0ul)));
        Assert.That(View().DeadKeepers, Is.Empty);

        visor.Restart();
        Assert.That(View().DeadKeepers, Is.Empty);
        Assert.That(visor.Call(Methods.Status, new Empty()).LostKeepers, Is.EqualTo([lost]));

        visor.Join(Role.Keeper, "keeper-1", epoch: 2);
        Assert.That(View().Keepers, Has.Count.EqualTo(2), "its late events are taken");
        Assert.That(visor.Call(Methods.Status, new Empty()).LostKeepers.Single().Returned, Is.EqualTo(visor.Clock.Now));
    }

    [Test]
    public void OnlyADeadKeeperCanBeLost()
    {
        ChronoLogException alive = Lose("keeper-1");
        Assert.That(alive.Status, Is.EqualTo(Status.Acquired));
        Assert.That(alive.Message, Does.Contain("'keeper-1'").And.Contain("not dead"));
        Kill();
        ChronoLogException unknown = Lose("keeper-7");
        Assert.That(unknown.Status, Is.EqualTo(Status.NotExist));
        Assert.That(unknown.Message, Does.Contain("'keeper-7'").And.Contain("'keeper-1' of group 0"));
        Assert.That(Lose("keeper-1", group: 4).Status, Is.EqualTo(Status.NotExist));
        Assert.That(Lose("grapher").Status, Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void AStoryIsDestroyedWithoutALostKeeper()
    {
        ulong client = visor.Connect();
        Acquire(client);
        visor.Call(Methods.ReleaseStory, Story(client));
        Kill();
        Assert.That(
            visor.Failure(() => visor.Call(Methods.DestroyStory, Story(client))).Message, Does.Contain("'keeper-1'"));
        visor.Call(Methods.LoseKeeper, new LoseKeeperRequest { Name = "keeper-1" });
        visor.Live(visor.Options.HeartbeatPeriod * 2, first, grapher, player);
        Assert.That(
            visor.Refusal(() => visor.Call(Methods.DestroyStory, Story(client))), Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void ManyDeathsAtOnceAreOneWrite()
    {
        int before = visor.Store.Writes;
        visor.Pump.Advance(visor.Options.DeadAfter * 2);
        Assert.That(visor.States(), Has.All.Contain("dead"));
        Assert.That(visor.Store.Writes, Is.EqualTo(before + 1));
    }

    // keeper-1 is silent, the others live on.
    private void Kill() =>
        visor.Live(visor.Options.DeadAfter + visor.Options.HeartbeatPeriod * 2, first, grapher, player);

    private ChronoLogException Lose(string name, uint? group = null)
    {
        var request = new LoseKeeperRequest { Name = name };
        if (group is { } number)
        {
            request.Group = number;
        }

        return visor.Failure(() => visor.Call(Methods.LoseKeeper, request));
    }

    // Of groups 7 and 8, the latter unknown.
    private IReadOnlyList<GroupView> Others(ulong known) => visor.CallRegistry(Methods.Heartbeat, new HeartbeatRequest
    {
        ProcessId = first.ProcessId,
        Epoch = 1,
        OtherGroups = { new GroupEpoch { Group = 7, Epoch = known }, new GroupEpoch { Group = 8 } },
    }).OtherGroups;

    private GroupView View() => visor.CallRegistry(
        Methods.Heartbeat, new HeartbeatRequest { ProcessId = first.ProcessId, Epoch = 1 }).Group;

    private StoryReply Acquire(ulong client)
    {
        StoryRequest request = Story(client);
        request.CreateChronicle = true;
        return visor.Call(Methods.AcquireStory, request);
    }

    private static StoryRequest Story(ulong client) => new() { ClientId = client, Chronicle = "c", Story = "s" };
}

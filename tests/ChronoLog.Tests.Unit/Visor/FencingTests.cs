using ChronoLog.Core.Protocol;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>Detection, and one place for one process.</summary>
internal sealed class FencingTests
{
    private VisorFixture visor = null!;

    [SetUp]
    public void SetUp() => visor = new VisorFixture();

    [Test]
    public void TwoMissedHeartbeatsAreSuspectAndFiveSecondsDead()
    {
        visor.Join(Role.Keeper, "keeper-0");
        visor.Pump.Advance(TimeSpan.FromSeconds(2.4));
        Assert.That(visor.States(), Is.EqualTo(["keeper-0 alive"]));
        visor.Pump.Advance(TimeSpan.FromSeconds(0.3));
        Assert.That(visor.States(), Is.EqualTo(["keeper-0 suspect"]));
        visor.Pump.Advance(TimeSpan.FromSeconds(2.2));
        Assert.That(visor.States(), Is.EqualTo(["keeper-0 dead"]), "the defaults detect in less than 5 s");
        Assert.That(new VisorOptions().DeadAfter, Is.EqualTo(visor.Options.DeadAfter));
    }

    [Test]
    public void AStandstillOfTheVisorIsNobodysSilence()
    {
        RegisterReply keeper = visor.Join(Role.Keeper, "keeper-0");
        visor.Timers.AdvanceTo(visor.Timers.MonotonicNanoseconds + (long)TimeSpan.FromMinutes(1).TotalNanoseconds);
        visor.Pump.Settle(); // the Visor's first look after a minute in which it did not run
        Assert.That(visor.States(), Is.EqualTo(["keeper-0 alive"]));
        Assert.That(visor.Beat(keeper).RegisterAgain, Is.False);
        visor.Pump.Advance(visor.Options.DeadAfter * 2);
        Assert.That(visor.States(), Is.EqualTo(["keeper-0 dead"]), "now it is silent");
    }

    [TestCase(Role.Grapher)]
    [TestCase(Role.Player)]
    public void AGroupHasOneGrapherAndOnePlayerThatLives(Role role)
    {
        RegisterReply old = visor.Join(role, "old");
        ChronoLogException refusal = visor.Failure(() => visor.Join(role, "new"));
        Assert.That(refusal.Status, Is.EqualTo(Status.Fenced));
        Assert.That(refusal.Message, Does.Contain("'old' at tcp://old:0").And.Contain("'new' at tcp://new:0"));
        visor.Join(role, "elsewhere", group: 1);

        visor.Pump.Advance(visor.Options.SuspectAfter * 1.1);
        RegisterReply successor = visor.Join(role, "new"); // the old one is silent

        Assert.That(visor.Beat(old).RegisterAgain, Is.True);
        Assert.That(
            visor.Refusal(() => visor.Join(role, "old", processId: old.ProcessId)), Is.EqualTo(Status.Fenced),
            "the old one returns, and there is another: the two never are members at the same time");
        Assert.That(visor.Beat(successor).RegisterAgain, Is.False);
    }

    [Test]
    public void AfterARestartOfTheVisorNobodyTakesALivingOnesPlace()
    {
        RegisterReply old = visor.Join(Role.Grapher, "old");
        visor.Restart();
        Assert.That(
            visor.Refusal(() => visor.Join(Role.Grapher, "new")), Is.EqualTo(Status.Acquired), "not heard: it may live");
        visor.Beat(old);
        Assert.That(visor.Refusal(() => visor.Join(Role.Grapher, "new")), Is.EqualTo(Status.Fenced), "it lives");

        visor.Restart();
        visor.Pump.Advance(visor.Options.DeadAfter * 1.5);
        visor.Join(Role.Grapher, "new");
    }

    [Test]
    public void TwoLivingKeepersOfOneNameAreTold()
    {
        RegisterReply one = visor.Join(Role.Keeper, "keeper", at: "a");
        ChronoLogException refusal = visor.Failure(() => visor.Join(Role.Keeper, "keeper", at: "b"));
        Assert.That(refusal.Status, Is.EqualTo(Status.Fenced));
        Assert.That(
            refusal.Message, Does.Contain("tcp://a:0").And.Contain("tcp://b:0").And.Contain("--name").And.Contain("'keeper'"));
        Assert.That(visor.Beat(one).RegisterAgain, Is.False, "the first is not pushed out");
        visor.Join(Role.Keeper, "keeper", group: 1, at: "b");

        visor.Join(Role.Keeper, "keeper", epoch: 2, at: "a"); // restarted at its address: its former self cannot live
        Assert.That(visor.Beat(one).RegisterAgain, Is.True);
    }

    [Test]
    public void ARestartedKeeperReplacesItsSilentSelfWhereverItIsNow()
    {
        visor.Join(Role.Keeper, "keeper", at: "a");
        visor.Pump.Advance(visor.Options.SuspectAfter * 1.1);
        visor.Join(Role.Keeper, "keeper", epoch: 2, at: "b");
        Assert.That(visor.States(), Is.EqualTo(["keeper alive"]));
    }

    [Test]
    public void WhoTookOverANumberAndItsJournalReplacesItsFormerSelfAtOnce()
    {
        RegisterReply one = visor.Join(Role.Keeper, "keeper", at: "a");
        RegisterReply two = visor.Join(Role.Keeper, "keeper", epoch: 2, at: "b", processId: one.ProcessId);
        Assert.That(two.ProcessId, Is.EqualTo(one.ProcessId));
        Assert.That(two.Group.Keepers, Has.Count.EqualTo(1));
        Assert.That(visor.Beat(one).RegisterAgain, Is.True, "its epoch is past");
    }
}

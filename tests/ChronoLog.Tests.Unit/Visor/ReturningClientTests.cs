using ChronoLog.Core.Protocol;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>Clients over the Visor's restart, and at the end of their lease.</summary>
internal sealed class ReturningClientTests
{
    private VisorFixture visor = null!;
    private RegisterReply keeper = null!;
    private ulong client;
    private ulong session;

    [SetUp]
    public void SetUp()
    {
        visor = new VisorFixture();
        keeper = visor.Join(Role.Keeper, "keeper-0");
        ConnectReply connected = visor.Call(
            Methods.Connect,
            new ConnectRequest { ClientProtocolVersion = 1, Host = "node7", Program = "simulation", Pid = 42 });
        (client, session) = (connected.ClientId, connected.Session);
        Acquire(create: true);
    }

    [Test]
    public void ARestartedVisorAsksForWhatIsHeldUntilItWasTold()
    {
        Assert.That(KeepAlive().AcquireAgain, Is.False);
        visor.Restart();
        KeepAliveReply reply = KeepAlive();
        Assert.That(reply.AcquireAgain, Is.True);
        Assert.That(reply.Session, Is.Not.EqualTo(session));
        Assert.That(KeepAlive().AcquireAgain, Is.True, "any other call in between does not count");
        Acquire(again: true);
        session = reply.Session;
        Assert.That(KeepAlive().AcquireAgain, Is.False);
        StatusReply status = visor.Call(Methods.Status, new Empty());
        Assert.That(status.Stories.Single().Acquirers, Is.EqualTo(1));
        Assert.That(status.Clients.Single().Program, Is.EqualTo("simulation"), "it is who it was");
    }

    [Test]
    public void UntilAClientWasHeardItsStoriesAreNotDestroyed()
    {
        visor.Restart();
        ulong other = visor.Connect();
        ChronoLogException refusal = Failure(other);
        Assert.That(refusal.Status, Is.EqualTo(Status.Acquired));
        Assert.That(
            refusal.Message,
            Does.Contain("'c/s'").And.Contain("restarted").And.Contain($"client {client}").And.Contain("simulation")
                .And.Contain("30.0 s"));
        ulong acquiredIn = KeepAlive().Session;
        Assert.That(Failure(other).Message, Does.Contain("restarted"), "it was heard, and not told what it holds");
        Acquire(again: true);
        session = acquiredIn;
        KeepAlive();
        Assert.That(Failure(other).Message, Does.Contain("held by 1 client"));
        visor.Call(Methods.ReleaseStory, Story(client));
        Destroy(other);
    }

    [Test]
    public void AClientThatDoesNotReturnIsGivenUpAfterItsLease()
    {
        visor.Restart();
        Beat(visor.Options.ClientLease * 0.9);
        ulong other = visor.Connect();
        Assert.That(Failure(other).Message, Does.Contain("restarted"));
        visor.Told.Clear();
        Beat(visor.Options.ClientLease * 0.2);
        Assert.That(visor.Told, Is.EqualTo(["keeper-0 stop"]), "nobody holds what the Keeper still records");
        visor.Restart();
        Destroy(visor.Connect());
    }

    [Test]
    public void ANewStoryIsDestroyedWhateverIsAwaited()
    {
        visor.Restart();
        visor.Pump.Advance(visor.Options.HeartbeatPeriod);
        visor.Beat(keeper);
        ulong other = visor.Connect();
        StoryRequest request = Story(other, "fresh");
        visor.Call(Methods.AcquireStory, request);
        visor.Call(Methods.ReleaseStory, request);
        visor.Call(Methods.DestroyStory, request);
    }

    [Test]
    public void WhoLeftBeforeTheRestartIsNotAwaited()
    {
        visor.Call(Methods.Disconnect, new ClientRequest { ClientId = client });
        visor.Restart();
        Destroy(visor.Connect());
    }

    [Test]
    public void AClientThatDiesReleasesItsStoriesAndOneThatReturnsAcquiresAgain()
    {
        visor.Told.Clear();
        Beat(visor.Options.ClientLease + visor.Options.HeartbeatPeriod * 2);
        Assert.That(visor.Told, Is.EqualTo(["keeper-0 stop"]));
        Assert.That(visor.Call(Methods.Status, new Empty()).Clients, Is.Empty);
        Assert.That(KeepAlive().AcquireAgain, Is.True, "it was only away");
        Acquire(again: true);
        Assert.That(visor.Told, Is.EqualTo(["keeper-0 stop", "keeper-0 start s"]));
    }

    [Test]
    public void WhatIsHeldIsHeldWhoeverCanRecordItNow()
    {
        visor.Pump.Advance(visor.Options.DeadAfter * 2);
        visor.Restart();
        StoryReply reply = Acquire(again: true);
        Assert.That(reply.Group.DeadKeepers, Has.Count.EqualTo(1));
        Assert.That(Failure(visor.Connect()).Message, Does.Contain("held by 1 client"));
        Assert.That(
            visor.Refusal(() => visor.Call(Methods.AcquireStory, Again("none"))), Is.EqualTo(Status.NotExist),
            "what was destroyed is not created by it");
        Assert.That(visor.Call(Methods.ListStories, new ChronicleRequest { Chronicle = "c" }).Names, Is.EqualTo(["s"]));
    }

    [Test]
    public void AKeepAliveBringsNewerViews()
    {
        GroupView known = Acquire().Group;
        Assert.That(KeepAlive(known).Groups, Is.Empty);
        visor.Join(Role.Keeper, "keeper-1");
        GroupView newer = KeepAlive(known).Groups.Single();
        Assert.That(newer.Keepers.Select(each => each.Name), Is.EqualTo(["keeper-0", "keeper-1"]));
        Beat(visor.Options.DeadAfter + visor.Options.HeartbeatPeriod * 2);
        Assert.That(KeepAlive(newer).Groups.Single().DeadKeepers.Single().Name, Is.EqualTo("keeper-1"));
    }

    [Test]
    public void ManyClientsCallLessOften()
    {
        visor = new VisorFixture(new VisorOptions { ClientLease = TimeSpan.FromSeconds(9) });
        Assert.That(Period(), Is.EqualTo(visor.Options.HeartbeatPeriod.TotalMilliseconds));
        for (int i = 0; i < 4000; i++)
        {
            visor.Connect();
        }

        Assert.That(Period(), Is.EqualTo(2000).Within(10), "2000 calls per second");
    }

    private double Period() => visor.Call(
        Methods.Connect, new ConnectRequest { ClientProtocolVersion = 1 }).KeepAliveMilliseconds;

    // Time passes; the Keeper lives and records the story.
    private void Beat(TimeSpan time)
    {
        long end = visor.Timers.MonotonicNanoseconds + (long)time.TotalNanoseconds;
        while (visor.Timers.MonotonicNanoseconds < end)
        {
            visor.Pump.Advance(visor.Options.HeartbeatPeriod);
            visor.CallRegistry(Methods.Heartbeat, new HeartbeatRequest
            {
                ProcessId = keeper.ProcessId, Epoch = 1,
                Stories = { new StoryTally { StoryId = Core.Model.StoryIdentity.Hash("c", "s") } },
            });
        }
    }

    private KeepAliveReply KeepAlive(GroupView? known = null)
    {
        var request = new KeepAliveRequest { ClientId = client, Session = session };
        if (known is not null)
        {
            request.Groups.Add(new GroupEpoch { Group = known.Group, Epoch = known.Epoch });
        }

        return visor.Call(Methods.KeepAlive, request);
    }

    private StoryReply Acquire(bool create = false, bool again = false)
    {
        StoryRequest request = again ? Again("s") : Story(client);
        request.CreateChronicle = create;
        return visor.Call(Methods.AcquireStory, request);
    }

    private StoryRequest Again(string story)
    {
        StoryRequest request = Story(client, story);
        request.Again = true;
        return request;
    }

    private ChronoLogException Failure(ulong by) => visor.Failure(() => Destroy(by));

    private void Destroy(ulong by) => visor.Call(Methods.DestroyStory, Story(by));

    private static StoryRequest Story(ulong client, string story = "s") =>
        new() { ClientId = client, Chronicle = "c", Story = story };
}

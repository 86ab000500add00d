using ChronoLog.Core.Protocol;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>A story is gone when everybody who may hold events of it has said so, and not before.</summary>
internal sealed class DestroyTests
{
    private static readonly string[] Members = ["keeper-0", "keeper-1", "grapher", "player"];
    private VisorFixture visor = null!;
    private ulong client;

    [SetUp]
    public void SetUp()
    {
        visor = new VisorFixture(
            new VisorOptions { NotifyDeadline = TimeSpan.FromSeconds(1), DeadAfter = TimeSpan.FromMinutes(1) });
        Join(Members);
        client = visor.Connect();
        Acquire(create: true);
        visor.Call(Methods.ReleaseStory, Story());
        visor.Told.Clear();
    }

    [TestCase("keeper-1")]
    [TestCase("grapher")]
    [TestCase("player")]
    public void ASilentProcessIsNamedAndTheStoryGoesWhenItAnswers(string silent)
    {
        visor.Deaf.Add(silent);
        ChronoLogException unfinished = Refused(DestroyStory);
        Assert.That(unfinished.Status, Is.EqualTo(Status.NoConnection));
        Assert.That(unfinished.Message, Does.Contain($"'{silent}'").And.Contain($"tcp://{silent}:0").And.Contain("'c/s'"));
        AssertHidden(silent);

        visor.Deaf.Clear();
        PassAPeriod();
        Assert.That(visor.Told, Has.Member($"{silent} destroy s"));
        Assert.That(Refused(DestroyStory).Status, Is.EqualTo(Status.NotExist), "it is gone");
        Acquire();
    }

    [Test]
    public void AskingAgainTriesAgain()
    {
        visor.Deaf.Add("keeper-1");
        Refused(DestroyStory);
        Assert.That(Refused(DestroyStory).Status, Is.EqualTo(Status.NoConnection));
        visor.Deaf.Clear();
        DestroyStory();
        Assert.That(Refused(DestroyStory).Status, Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void AfterALateKeeperThoseWhoTookFromItAreToldAgain()
    {
        visor.Deaf.Add("keeper-1");
        Refused(DestroyStory);
        visor.Deaf.Clear();
        visor.Told.Clear();
        PassAPeriod();
        Assert.That(visor.Told, Is.EqualTo(["keeper-1 destroy s", "grapher destroy s", "player destroy s"]));
    }

    [Test]
    public void ADeadProcessIsWaitedForUntilItRegistersAgain()
    {
        visor.Pump.Advance(visor.Options.DeadAfter * 2);
        Join("keeper-0", "grapher", "player");
        Assert.That(Refused(DestroyStory).Message, Does.Contain("'keeper-1'").And.Not.Contain("'keeper-0'"));
        AssertHidden("keeper-1");
        Join("keeper-1");
        PassAPeriod();
        Assert.That(Refused(DestroyStory).Status, Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void ARestartedVisorGoesOnAndKnowsWhoIsAway()
    {
        visor.Call(Methods.Disconnect, new ClientRequest { ClientId = client });
        visor.Deaf.Add("keeper-1");
        visor.Restart();
        client = visor.Connect();
        Assert.That(Refused(DestroyStory).Message, Does.Contain("'keeper-1'").And.Not.Contain("'keeper-0'"));

        visor.Restart();
        client = visor.Connect();
        PassAPeriod();
        AssertHidden("keeper-1");
        visor.Deaf.Clear();
        Join("keeper-1");
        PassAPeriod();
        Assert.That(Refused(DestroyStory).Status, Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void WhoTookLeaveIsNotWaitedForExceptTheGrapher()
    {
        Leave("keeper-1");
        Leave("player");
        DestroyStory();
        Join("keeper-1");
        Acquire();
        visor.Call(Methods.ReleaseStory, Story());
        Leave("grapher");
        Assert.That(Refused(DestroyStory).Message, Does.Contain("'grapher'"), "the archive is still there");
        visor.Join(Role.Grapher, "another"); // a group has one Grapher: this one is its successor
        PassAPeriod();
        Assert.That(Refused(DestroyStory).Status, Is.EqualTo(Status.NotExist));
    }

    [Test]
    public void AChronicleGoesWithTheLastOfItsStories()
    {
        visor.Deaf.Add("keeper-1");
        ChronoLogException unfinished = Refused(DestroyChronicle);
        Assert.That(unfinished.Status, Is.EqualTo(Status.NoConnection));
        Assert.That(unfinished.Message, Does.Contain("chronicle 'c'").And.Contain("'keeper-1'"));
        Assert.That(Chronicles(), Is.Empty);
        Assert.That(Refused(() => Create()).Status, Is.EqualTo(Status.ChronicleExists));
        Assert.That(Refused(() => Create()).Message, Does.Contain("being destroyed"));
        Assert.That(Refused(() => Acquire(create: true)).Message, Does.Contain("being destroyed"));
        Assert.That(Refused(() => Acquire(story: "t")).Status, Is.EqualTo(Status.NotExist), "nor a new story in it");

        visor.Restart();
        client = visor.Connect();
        Join(Members);
        PassAPeriod();
        Assert.That(Refused(() => Create()).Message, Does.Contain("being destroyed"));
        visor.Deaf.Clear();
        PassAPeriod();
        PassAPeriod();
        Create();
        Assert.That(Chronicles(), Is.EqualTo(["c"]));
        Assert.That(Names(Methods.ListStories), Is.Empty);
    }

    [Test]
    public void WhatIsGoneWhileOthersAreWaitedForIsNotDestroyedAgain([Range(0, 30)] int tenths)
    {
        Acquire(story: "t");
        visor.Call(Methods.ReleaseStory, Story("t"));
        visor.Deaf.Add("keeper-1");
        Refused(DestroyStory);
        Refused(() => visor.Call(Methods.DestroyStory, Story("t")));
        visor.Pump.Advance(TimeSpan.FromMilliseconds(100 * tenths)); // somewhere in a round of repetitions: it waits for s, or t, or pauses
        visor.Deaf.Clear();
        try
        {
            visor.Call(Methods.DestroyStory, Story("t"));
        }
        catch (ChronoLogException)
        {
            visor.Call(Methods.DestroyStory, Story("t")); // it was an attempt from before
        }

        Acquire(story: "t");
        visor.Told.Clear();
        PassAPeriod();
        PassAPeriod();
        Assert.That(visor.Told, Has.None.EndsWith("destroy t"));
        Assert.That(Refused(DestroyStory).Status, Is.EqualTo(Status.NotExist), "s is gone: the repetitions go on");
    }

    private void AssertHidden(string silent)
    {
        Assert.That(Names(Methods.ListStories), Is.Empty);
        Assert.That(visor.Call(Methods.Status, new Empty()).Stories, Is.Empty);
        Assert.That(Refused(() => visor.Call(Methods.RouteReplay, Story())).Status, Is.EqualTo(Status.NotExist));
        ChronoLogException refusal = Refused(() => Acquire());
        Assert.That(refusal.Status, Is.EqualTo(Status.Acquired));
        Assert.That(refusal.Message, Does.Contain("being destroyed").And.Contain($"'{silent}'"));
    }

    // A little more than the period of the repetitions and the longest wait for somebody silent.
    private void PassAPeriod() => visor.Pump.Advance(visor.Options.HeartbeatPeriod + visor.Options.NotifyDeadline * 2);

    private void Join(params string[] names)
    {
        foreach (string name in names)
        {
            visor.Join(RoleOf(name), name, epoch: visor.Clock.Now);
        }
    }

    private void Leave(string name)
    {
        ProcessIdentity process = visor.Call(Methods.Status, new Empty()).Processes
            .Select(each => each.Identity).Single(identity => identity.Name == name);
        visor.CallRegistry(Methods.Unregister, new HeartbeatRequest { ProcessId = process.ProcessId, Epoch = process.Epoch });
    }

    private static Role RoleOf(string name) => name[0] switch { 'k' => Role.Keeper, 'g' => Role.Grapher, _ => Role.Player };

    private static ChronoLogException Refused(Action call) => Assert.Throws<ChronoLogException>(() => call())!;

    private void DestroyStory() => visor.Call(Methods.DestroyStory, Story());

    private void DestroyChronicle() => visor.Call(Methods.DestroyChronicle, Chronicle());

    private void Create() => visor.Call(Methods.CreateChronicle, Chronicle());

    private void Acquire(bool create = false, string story = "s")
    {
        StoryRequest request = Story(story);
        request.CreateChronicle = create;
        visor.Call(Methods.AcquireStory, request);
    }

    private IEnumerable<string> Chronicles() => Names(Methods.ListChronicles);

    private IEnumerable<string> Names(RpcMethod<ChronicleRequest, NameListReply> method) => visor.Call(method, Chronicle()).Names;

    private ChronicleRequest Chronicle() => new() { ClientId = client, Chronicle = "c" };

    private StoryRequest Story(string story = "s") => new() { ClientId = client, Chronicle = "c", Story = story };
}

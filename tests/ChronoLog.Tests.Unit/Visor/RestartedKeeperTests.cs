using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>What the Visor does for a Keeper that comes back with its earlier process's events.</summary>
internal sealed class RestartedKeeperTests
{
    private static readonly ulong Story = StoryIdentity.Hash("c", "s");
    private VisorFixture visor = null!;

    [SetUp]
    public void SetUp() => visor = new VisorFixture();

    [Test]
    public void StoriesThatNobodyHoldsAreNamedAndDestroyedOnesAreGone()
    {
        ulong keeper = visor.Join(Role.Keeper, "keeper-0").ProcessId;
        ulong client = visor.Connect();
        StoryRequest request = new() { ClientId = client, Chronicle = "c", Story = "s", CreateChronicle = true };
        visor.Call(Methods.AcquireStory, request);
        visor.Call(Methods.ReleaseStory, request);

        Assert.That(visor.Join(Role.Keeper, "keeper-0", epoch: 2, processId: keeper).Stories, Is.Empty, "nobody holds it");
        HeartbeatReply reply = Ask(keeper, epoch: 2, Story, 77);

        Assert.That(reply.NamedStories.Single().Chronicle, Is.EqualTo("c"));
        Assert.That(reply.NamedStories.Single().Story, Is.EqualTo("s"));
        Assert.That(reply.GoneStories, Is.EqualTo(new[] { 77UL }));

        visor.Call(Methods.DestroyStory, request);
        Assert.That(Ask(keeper, epoch: 2, Story).GoneStories, Is.EqualTo(new[] { Story }));

        // The name is used again: for another story, and what the first one's id has is gone all the same.
        visor.Restart();
        visor.Join(Role.Keeper, "keeper-0", epoch: 2, processId: keeper);
        request.ClientId = visor.Connect();
        StoryDescriptor next = visor.Call(Methods.AcquireStory, request).Story;
        Assert.That(next.Incarnation, Is.EqualTo(1));
        Assert.That(next.StoryId, Is.EqualTo(StoryIdentity.Hash("c", "s", 1)));
        Assert.That(next.StoryId, Is.Not.EqualTo(Story));
        Assert.That(Ask(keeper, epoch: 2, Story).GoneStories, Is.EqualTo(new[] { Story }));
        request.Again = true;
        request.StoryId = Story;
        Assert.That(
            () => visor.Call(Methods.AcquireStory, request),
            Throws.TypeOf<ChronoLogException>().With.Property(nameof(ChronoLogException.Status)).EqualTo(Status.NotExist),
            "whoever held the first one does not hold this one");
    }

    [Test]
    public void OnlyOfStoriesThatWereDestroyedHereAGrapherIsToldSo()
    {
        ulong grapher = visor.Join(Role.Grapher, "grapher-0").ProcessId;
        visor.Join(Role.Keeper, "keeper-0");
        StoryRequest request = new() { ClientId = visor.Connect(), Chronicle = "c", Story = "s", CreateChronicle = true };
        StoryDescriptor first = visor.Call(Methods.AcquireStory, request).Story;
        visor.Call(Methods.ReleaseStory, request);
        StoryDescriptor never = new() { Chronicle = "c", Story = "t", StoryId = StoryIdentity.Hash("c", "t") };
        StoryDescriptor wrong = new() { Chronicle = "c", Story = "s", StoryId = 77 };
        Assert.That(Confirm(first, never, wrong), Is.EqualTo((first.StoryId, 0)));

        visor.Call(Methods.DestroyStory, request);
        visor.Call(Methods.AcquireStory, request);
        Assert.That(Confirm(first, never, wrong, new StoryDescriptor()), Is.EqualTo((0, first.StoryId)));

        (ulong Confirmed, ulong Gone) Confirm(params StoryDescriptor[] stories)
        {
            var heartbeat = new HeartbeatRequest { ProcessId = grapher, Epoch = 1, UnconfirmedStories = { stories } };
            HeartbeatReply reply = visor.CallRegistry(Methods.Heartbeat, heartbeat);
            return (reply.ConfirmedStories.SingleOrDefault(), reply.GoneStories.SingleOrDefault());
        }
    }

    [Test]
    public void AKeeperThatTakesOverItsEarlierProcessKeepsItsNumber()
    {
        ulong first = visor.Join(Role.Keeper, "keeper-0").ProcessId;
        Assert.That(visor.Join(Role.Keeper, "keeper-0", epoch: 2, processId: first).ProcessId, Is.EqualTo(first));
        visor.Restart();
        Assert.That(visor.Join(Role.Keeper, "keeper-0", epoch: 2, processId: first).ProcessId, Is.EqualTo(first));
        Assert.That(visor.Join(Role.Keeper, "keeper-1", processId: first).ProcessId, Is.Not.EqualTo(first), "it is taken");
    }

    [Test]
    public void WhoeverComesFromOtherMetadataIsNeverToldToDropAnything()
    {
        const ulong Elsewhere = 1_000_000;
        ulong keeper = visor.Join(Role.Keeper, "keeper-0", processId: Elsewhere).ProcessId;
        Assert.That(keeper, Is.LessThan(Elsewhere), "the number may be given to somebody else one day");
        HeartbeatReply reply = Ask(keeper, epoch: 1, Story);
        Assert.That(reply.GoneStories, Is.Empty);
        Assert.That(reply.NamedStories, Is.Empty);

        // Neither when this Visor is restarted, nor with the number that this one gave it, nor when it was dead.
        visor.Restart();
        Assert.That(Ask(keeper, epoch: 1, Story).RegisterAgain, Is.False);
        Assert.That(Ask(keeper, epoch: 1, Story).GoneStories, Is.Empty);
        visor.Pump.Advance(visor.Options.DeadAfter * 2);
        visor.Restart();
        Assert.That(visor.Join(Role.Keeper, "keeper-0", processId: keeper).ProcessId, Is.EqualTo(keeper));
        Assert.That(Ask(keeper, epoch: 1, Story).GoneStories, Is.Empty);
    }

    [Test]
    public void ManyNamesComeInSeveralAnswers()
    {
        const int Stories = 300;
        ulong keeper = visor.Join(Role.Keeper, "keeper-0").ProcessId;
        ulong client = visor.Connect();
        var chronicle = new ChronicleRequest { ClientId = client, Chronicle = "big" };
        for (int i = 0; i < 4; i++)
        {
            chronicle.Attributes[$"note-{i}"] = new string('x', 4000);
        }

        visor.Call(Methods.CreateChronicle, chronicle);
        HashSet<ulong> unnamed = [];
        for (int i = 0; i < Stories; i++)
        {
            var request = new StoryRequest { ClientId = client, Chronicle = "big", Story = $"s{i}" };
            unnamed.Add(visor.Call(Methods.AcquireStory, request).Story.StoryId);
        }

        int answers = 0;
        for (; unnamed.Count > 0; answers++)
        {
            HeartbeatReply reply = Ask(keeper, epoch: 1, [.. unnamed]);
            Assert.That(reply.CalculateSize(), Is.LessThan(2 << 20));
            unnamed.ExceptWith(reply.NamedStories.Select(story => story.StoryId));
        }

        Assert.That(answers, Is.GreaterThan(1));
    }

    private HeartbeatReply Ask(ulong keeper, ulong epoch, params ulong[] unnamed)
    {
        var heartbeat = new HeartbeatRequest { ProcessId = keeper, Epoch = epoch };
        heartbeat.UnnamedStories.AddRange(unnamed);
        return visor.CallRegistry(Methods.Heartbeat, heartbeat);
    }
}

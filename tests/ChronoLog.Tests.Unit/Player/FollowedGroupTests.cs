using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;

namespace ChronoLog.Tests.Unit.Player;

/// <summary>A story is followed at the Keepers of all its groups, those that come back later included.</summary>
public sealed class FollowedGroupTests
{
    private readonly List<FollowRequest> asked = [];
    private PlayerFixture fixture = null!;

    [SetUp]
    public void SetUp()
    {
        asked.Clear();
        fixture = new PlayerFixture();
    }

    [Test]
    public void A_Keeper_that_comes_back_in_an_earlier_group_is_followed()
    {
        fixture.Pump.Advance(TimeSpan.FromSeconds(2));
        Assert.That(OtherGroups(), Is.Empty, "nobody follows");

        fixture.Follow(new FollowRequest
        {
            Story = PlayerFixture.Story,
            View = fixture.View,
            EarlierViews = { new GroupView { Group = 7, Epoch = 5 } }, // all Keepers had left
        });
        fixture.Pump.Advance(TimeSpan.FromSeconds(2));
        Assert.That(OtherGroups(), Is.EqualTo(new[] { (7, 5) }), "the Visor hears what is known");

        fixture.OtherGroups.Add(new GroupView { Group = 7, Epoch = 6, Keepers = { Keeper() } });
        fixture.Pump.Advance(TimeSpan.FromSeconds(2));

        Assert.That(asked, Is.Not.Empty, "the Keeper is asked for events");
        Assert.That(asked[0].Story, Is.EqualTo(PlayerFixture.Story));
        Assert.That(OtherGroups(), Is.EqualTo(new[] { (7, 6) }));
    }

    [Test]
    public void Of_a_group_that_no_followed_story_has_nothing_is_followed()
    {
        fixture.Follow(new FollowRequest { Story = PlayerFixture.Story, View = fixture.View });
        fixture.OtherGroups.Add(new GroupView { Group = 7, Epoch = 6, Keepers = { Keeper() } });
        fixture.Pump.Advance(TimeSpan.FromSeconds(2));

        Assert.That(asked, Is.Empty);
    }

    [Test]
    public void A_group_with_more_Keepers_than_are_followed_ends_the_following_with_an_error()
    {
        var view = new GroupView { Group = 7, Epoch = 5 };
        fixture.Follow(new FollowRequest { Story = PlayerFixture.Story, View = fixture.View, EarlierViews = { view } });

        var crowd = new GroupView { Group = 7, Epoch = 6 };
        crowd.Keepers.AddRange(Enumerable.Range(0, 5000).Select(i => new ProcessIdentity { AdminEndpoint = $"tcp://k-{i}:1" }));
        fixture.OtherGroups.Add(crowd);
        fixture.Pump.Advance(TimeSpan.FromSeconds(2));

        Assert.That(OtherGroups(), Is.Empty, "it is not followed any more");
        int beats = fixture.Heartbeats.Count;
        fixture.Pump.Advance(TimeSpan.FromSeconds(2));
        Assert.That(fixture.Heartbeats, Has.Count.GreaterThan(beats), "the Player goes on");
    }

    private IEnumerable<(int Group, int Epoch)> OtherGroups() =>
        fixture.Heartbeats[^1].OtherGroups.Select(known => ((int)known.Group, (int)known.Epoch));

    private ProcessIdentity Keeper()
    {
        InMemoryRpcServer server = fixture.Rpc.NewServer(fixture.Pump.Add("returned"));
        server.Handle(Methods.Follow, async (request, _) =>
        {
            asked.Add(request);
            if (asked.Count > 1)
            {
                await new TaskCompletionSource().Task; // parked
            }

            return new FollowReply { Feed = 1, Restarted = true };
        });
        server.Start();
        return new ProcessIdentity { Role = Role.Keeper, Name = "returned", AdminEndpoint = server.Endpoint };
    }
}

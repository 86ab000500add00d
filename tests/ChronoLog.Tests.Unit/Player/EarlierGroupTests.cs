using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Player;

/// <summary>A story that was recorded by another group before: its replay merges both, or says what is missing.</summary>
public sealed class EarlierGroupTests
{
    private PlayerFixture fixture = null!;
    private TierFake keeper = null!;
    private TierFake grapher = null!;
    private TierFake player = null!;
    private GroupView earlier = null!;

    [SetUp]
    public void SetUp()
    {
        fixture = new PlayerFixture();
        fixture.Keepers[0].Events.AddRange(TestEvent.Series(100, first: 500));
        fixture.Grapher.Watermark = 550;
        keeper = new TierFake(fixture, Role.Keeper, "earlier-keeper");
        grapher = new TierFake(fixture, Role.Grapher, "earlier-grapher");
        player = new TierFake(fixture, Role.Player, "earlier-player");
        player.Events.AddRange(TestEvent.Series(300)); // what it has archived, and what its tiers hold
        keeper.HandedOver.AddRange(TestEvent.Series(50, first: 250));
        grapher.Events.AddRange(TestEvent.Series(100, first: 150));
        earlier = new GroupView
        {
            Group = 7, Keepers = { keeper.Identity }, Grapher = grapher.Identity, Player = player.Identity,
            Archive = "theirs",
        };
    }

    [Test]
    public void Its_player_gives_all_that_the_group_has()
    {
        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(Request());

        Assert.That(read, Is.EqualTo(TestEvent.Series(300).Concat(TestEvent.Series(100, first: 500))));
        Assert.That(gaps, Is.Empty);
        OpenReadRequest asked = player.Requests.Single();
        Assert.That(asked.OwnGroupOnly, Is.True, "two groups must not ask each other in circles");
        Assert.That((asked.EarlierViews.Count, asked.EarlierGroups.Count, asked.AcceptsForeignPages), Is.EqualTo((0, 0, false)));
        Assert.That(asked.View, Is.EqualTo(earlier), "it may not have heard yet of a Keeper that has come back");
        Assert.That(keeper.Requests.Concat(grapher.Requests), Is.Empty);
        ExpectNothingLeft();
    }

    [Test]
    public void What_its_player_says_is_missing_is_missing()
    {
        player.Gaps.Add(new Gap { StartTime = 10, EndTime = 20, Reason = "a dead Keeper over there" });
        Assert.That(fixture.Replay(Request()).Gaps.Select(gap => gap.Reason), Does.Contain("a dead Keeper over there"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Without_its_player_the_others_are_asked_and_its_archive_is_a_gap(bool known)
    {
        if (known)
        {
            fixture.Lose(player);
        }
        else
        {
            earlier.Player = null;
        }

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(Request());

        Assert.That(read, Is.EqualTo(TestEvent.Series(150, first: 150).Concat(TestEvent.Series(100, first: 500))));
        Gap gap = gaps.Single();
        Assert.That((gap.StartTime, gap.EndTime), Is.EqualTo((0ul, 1000ul)));
        Assert.That(gap.Reason, Does.Contain("archive").And.Contain("group 7").And.Contain(known ? "earlier-player" : "no living"));
        ExpectNothingLeft();
    }

    [Test]
    public void An_archive_that_is_ours_too_needs_no_other_player()
    {
        earlier.Archive = "own";
        fixture.Cold.Events.AddRange(TestEvent.Series(200));

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(Request());

        Assert.That(read, Is.EqualTo(TestEvent.Series(300).Concat(TestEvent.Series(100, first: 500))));
        Assert.That(gaps, Is.Empty);
        Assert.That(player.Requests, Is.Empty);
        ExpectNothingLeft();
    }

    [TestCase("own", 1)]
    [TestCase("theirs", 2)]
    [TestCase("", 2)]
    public void A_group_that_is_wholly_dead_is_a_gap_for_its_keepers_and_its_archive(string archive, int count)
    {
        earlier = new GroupView { Group = 7, DeadKeepers = { keeper.Identity }, Archive = archive };

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(Request());

        Assert.That(read, Has.Count.EqualTo(100), "what can be had is given");
        Assert.That(gaps, Has.Count.EqualTo(count));
        Assert.That(gaps[0].Reason, Does.Contain("earlier-keeper").And.Contain("dead").And.Contain("group 7"));
    }

    [Test]
    public void A_group_of_which_nothing_is_known_is_a_gap()
    {
        OpenReadRequest request = Request();
        request.EarlierViews.Clear();
        Assert.That(fixture.Replay(request).Gaps.Single().Reason, Does.Contain("group 7"));
    }

    [Test]
    public void Who_is_asked_for_the_own_group_only_asks_no_other()
    {
        OpenReadRequest request = Request();
        request.OwnGroupOnly = true;
        Assert.That(fixture.Replay(request).Events, Has.Count.EqualTo(100));
        Assert.That(player.Requests, Is.Empty);
        request.OwnGroupOnly = false;
        request.EarlierViews[0].Group = 1;
        request.EarlierGroups[0] = 1;
        Assert.That(fixture.Replay(request).Gaps, Is.Empty, "the story has come back to this group");
        Assert.That(player.Requests, Is.Empty);
    }

    [TestCase(400ul, 400ul)]
    [TestCase(700ul, 550ul)]
    [TestCase(0ul, 550ul)]
    public void The_watermark_is_the_least_of_those_that_are_known(ulong theirs, ulong expected)
    {
        player.Watermark = theirs;
        ulong watermark = fixture.Pump.Run(fixture.Reader, async () =>
        {
            await using RemoteReadSource source = await fixture.OpenAsync(Request());
            await ReadFixture.Drain(source);
            return source.Watermark;
        });
        Assert.That(watermark, Is.EqualTo(expected));
    }

    [Test]
    public void More_groups_than_there_can_be_are_refused()
    {
        OpenReadRequest request = Request();
        request.EarlierGroups.AddRange(Enumerable.Range(100, 1000).Select(number => (uint)number));
        Assert.That(
            () => fixture.Replay(request),
            Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(Status.LimitExceeded));
        ExpectNothingLeft();
    }

    private OpenReadRequest Request()
    {
        OpenReadRequest request = ReadFixture.Request(0, 1000);
        request.AcceptsForeignPages = false;
        request.EarlierGroups.Add(earlier.Group);
        request.EarlierViews.Add(earlier);
        return request;
    }

    private void ExpectNothingLeft()
    {
        fixture.ExpectNothingLeft();
        foreach (TierFake tier in (TierFake[])[keeper, grapher, player])
        {
            Assert.That((tier.Reads.Statistics.CursorsOpen, tier.Bulk.BytesRented), Is.EqualTo((0, 0)), tier.Identity.Name);
        }
    }
}

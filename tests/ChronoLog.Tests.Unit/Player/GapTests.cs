using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Player;

public sealed class GapTests
{
    [Test]
    public void A_keeper_that_does_not_answer_is_a_gap_from_the_graphers_watermark_on()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Events.AddRange(TestEvent.Series(100));
        fixture.Keepers[0].Events.AddRange(TestEvent.Series(100, first: 200));
        fixture.Grapher.Watermark = 150;
        fixture.Lose(fixture.Keepers[1]);

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(ReadFixture.Request(0, 1_000));

        Assert.That(read, Has.Count.EqualTo(200), "what can be had is given");
        Assert.That(gaps, Has.Count.EqualTo(1));
        Assert.That(gaps[0].StartTime, Is.EqualTo(150));
        Assert.That(gaps[0].EndTime, Is.EqualTo(1_000));
        Assert.That(gaps[0].Reason, Does.Contain("keeper-1").And.Contain(fixture.Keepers[1].Identity.AdminEndpoint));
    }

    [Test]
    public void Below_the_watermark_an_absent_keeper_leaves_no_gap()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Events.AddRange(TestEvent.Series(100));
        fixture.Grapher.Watermark = 150;
        fixture.Lose(fixture.Keepers[1]);

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(ReadFixture.Request(0, 150));

        Assert.That(read, Has.Count.EqualTo(100));
        Assert.That(gaps, Is.Empty);
    }

    [Test]
    public void A_story_with_own_times_may_have_events_below_the_watermark_that_only_an_absent_keeper_knows()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Events.AddRange(TestEvent.Series(100));
        fixture.Grapher.Watermark = 150;
        fixture.Lose(fixture.Keepers[1]);
        OpenReadRequest request = ReadFixture.Request(20, 150);
        request.Story.OwnTimes = true;

        (_, IReadOnlyList<Gap> gaps) = fixture.Replay(request);

        Assert.That(gaps.Select(static gap => (gap.StartTime, gap.EndTime)), Is.EqualTo(new[] { (20UL, 150UL) }));
    }

    [Test]
    public void A_dead_keeper_is_a_gap_without_being_waited_for()
    {
        var fixture = new PlayerFixture();
        fixture.Grapher.Watermark = 10;
        fixture.View.DeadKeepers.Add(fixture.View.Keepers[1]);
        fixture.View.Keepers.RemoveAt(1);
        fixture.PublishView();
        long before = fixture.Timers.MonotonicNanoseconds;

        (_, IReadOnlyList<Gap> gaps) = fixture.Replay(ReadFixture.Request(0, 100));

        Assert.That(gaps, Has.Count.EqualTo(1));
        Assert.That(gaps[0].Reason, Does.Contain("keeper-1").And.Contain("dead"));
        Assert.That(gaps[0].StartTime, Is.EqualTo(10));
        Assert.That(fixture.Timers.MonotonicNanoseconds, Is.EqualTo(before));
    }

    [TestCase(9UL, 100)]
    [TestCase(1UL, 0)]
    public void A_keeper_that_only_the_reader_knows_of_is_asked_if_its_view_is_newer(ulong epoch, int count)
    {
        var fixture = new PlayerFixture();
        GroupView known = fixture.View.Clone();
        known.Epoch = epoch;
        fixture.View.Keepers.RemoveAt(1); // the Visor tells the Player of one Keeper only
        fixture.PublishView();
        fixture.Keepers[1].Events.AddRange(TestEvent.Series(100));
        OpenReadRequest request = ReadFixture.Request();
        request.View = known;

        Assert.That(fixture.Replay(request).Events, Has.Count.EqualTo(count));
        Assert.That(fixture.Replay().Events, Is.Empty, "what a reader says is for its own replay");
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_view_with_absurdly_many_keepers_is_refused()
    {
        var fixture = new PlayerFixture();
        OpenReadRequest request = ReadFixture.Request();
        request.View = fixture.View.Clone();
        request.View.Epoch = 99;
        request.View.Keepers.AddRange(Enumerable.Range(0, 5000).Select(_ => fixture.View.Keepers[0]));

        ChronoLogException exception = Assert.Throws<ChronoLogException>(() => fixture.Replay(request));
        Assert.That(exception.Status, Is.EqualTo(Status.LimitExceeded));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Without_the_grapher_the_keepers_give_everything_they_keep(bool known)
    {
        var fixture = new PlayerFixture(grapher: known);
        fixture.Keepers[0].Events.AddRange(TestEvent.Series(100, first: 200));
        fixture.Keepers[0].HandedOver.AddRange(TestEvent.Series(100, first: 100));
        fixture.Keepers[1].HandedOver.AddRange(TestEvent.Series(50, first: 150, client: 2));
        fixture.Cold.Events.AddRange(TestEvent.Series(100));
        List<TestEvent> all = TestEvent.Model(
            fixture.Keepers.SelectMany(k => k.Events.Concat(k.HandedOver)).Concat(fixture.Cold.Events));
        fixture.Lose(fixture.Grapher);

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay();

        Assert.That(read, Is.EqualTo(all));
        Assert.That(gaps, Is.Empty);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Without_the_grapher_and_a_keeper_both_are_named()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Events.AddRange(TestEvent.Series(10));
        fixture.Lose(fixture.Grapher, fixture.Keepers[0]);

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay();

        Assert.That(read, Has.Count.EqualTo(10));
        Assert.That(gaps, Has.Count.EqualTo(2));
        Assert.That(gaps[0].Reason, Does.Contain("keeper-0"));
        Assert.That(gaps[1].Reason, Does.Contain("grapher-0"));
    }

    [Test]
    public void A_keeper_that_dies_in_the_middle_leaves_a_gap_over_the_rest()
    {
        var fixture = new PlayerFixture();
        fixture.Keepers[0].Events.AddRange(TestEvent.Series(100_000));
        fixture.Keepers[1].Events.AddRange(TestEvent.Series(100_000, client: 2));
        int pages = 0;
        fixture.Rpc.LoseRequest = (endpoint, method) => endpoint == fixture.Keepers[1].Identity.AdminEndpoint
            && method == Methods.NextPage.Name && ++pages > 2;

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay(ReadFixture.Request(0, 100_000));

        Assert.That(read.Where(e => e.Client == 1), Is.EqualTo(TestEvent.Series(100_000)));
        int ofLost = read.Count(e => e.Client == 2);
        Assert.That(ofLost, Is.InRange(1, 99_999));
        Assert.That(gaps, Has.Count.EqualTo(1));
        Assert.That(gaps[0].StartTime, Is.EqualTo((ulong)ofLost - 1));
        Assert.That(gaps[0].Reason, Does.Contain("keeper-1"));
    }

    [Test]
    public void Gaps_of_the_archive_are_passed_on()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Gaps.Add(new Gap { StartTime = 1, EndTime = 2, Reason = "torn file" });
        Assert.That(fixture.Replay().Gaps, Is.EqualTo(fixture.Cold.Gaps));
    }

    [Test]
    public void An_archive_that_cannot_be_listed_fails_the_replay_and_leaves_nothing_open()
    {
        var fixture = new PlayerFixture();
        fixture.Keepers[0].Events.AddRange(TestEvent.Series(10));
        fixture.Cold.Failure = new ChronoLogException(Status.Internal, "no such directory");
        Assert.That(
            () => fixture.Replay(), Throws.InstanceOf<ChronoLogException>().With.Message.Contain("no such directory"));
        fixture.ExpectNothingLeft();
    }
}

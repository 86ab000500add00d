using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using NUnit.Framework;
using FsProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>Pages that need no merging go from their holder to the reader, past the relay's memory.</summary>
public sealed class PassedPageTests
{
    [Test]
    public void A_sole_holders_pages_do_not_pass_through_the_relay()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new RelayFixture(events);

        Assert.That(fixture.Read().Events, Is.EqualTo(events));

        Assert.That(fixture.RelayBulk.Pulls, Is.Zero);
        Assert.That(fixture.Relay.Statistics.PagesPassed, Is.GreaterThan(5));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_reader_that_does_not_accept_them_gets_none()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new RelayFixture(events);

        Assert.That(fixture.Read(accepts: false).Events, Is.EqualTo(events));

        Assert.That(fixture.Relay.Statistics.PagesPassed, Is.Zero);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Holders_one_after_the_other_pass_almost_all_their_pages()
    {
        List<TestEvent> later = TestEvent.Series(20_000, first: 20_000);
        List<TestEvent> earlier = TestEvent.Series(20_000);
        var fixture = new RelayFixture(later, earlier);

        Assert.That(fixture.Read().Events, Is.EqualTo(earlier.Concat(later)));

        Assert.That(fixture.Relay.Statistics.PagesPassed, Is.GreaterThan(10));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Interleaved_holders_are_merged_and_duplicates_dropped()
    {
        List<TestEvent> even = TestEvent.Series(10_000, step: 2);
        List<TestEvent> all = TestEvent.Series(20_000);
        var fixture = new RelayFixture(even, all);

        Assert.That(fixture.Read().Events, Is.EqualTo(all));
        fixture.ExpectNothingLeft();
    }

    [TestCase(1UL)]
    [TestCase(1_000UL)]
    [TestCase(3_333UL)]
    [TestCase(19_999UL)]
    public void A_limit_inside_a_page_cuts_it(ulong limit)
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new RelayFixture(events);

        Assert.That(fixture.Read(limit: limit).Events, Is.EqualTo(events.Take((int)limit)));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_page_that_the_reader_cannot_pull_comes_through_the_relay()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new RelayFixture(events);
        fixture.ReaderBulk.BeforePull = page => page.FabricAddress.ToStringUtf8() == "relay"
            ? ValueTask.CompletedTask
            : throw new ChronoLogException(Status.NoConnection, "no way from here to a holder");

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Read();

        Assert.That(read, Is.EqualTo(events));
        Assert.That(gaps, Is.Empty);
        Assert.That(fixture.RelayBulk.Pulls, Is.GreaterThan(5));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_holder_that_dies_after_its_page_was_passed_on_leaves_a_gap()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new RelayFixture(events);
        int pulls = 0;
        bool IsDead() => pulls > 2;
        fixture.Rpc.LoseRequest = (endpoint, _) => IsDead() && endpoint == fixture.HolderEndpoints[0];
        fixture.ReaderBulk.BeforePull = _ => ++pulls > 2 ? throw Gone() : ValueTask.CompletedTask;
        fixture.RelayBulk.BeforePull = _ => IsDead() ? throw Gone() : ValueTask.CompletedTask;

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Read();

        Assert.That(read, Is.EqualTo(events.Take(read.Count)).And.Not.Empty);
        Assert.That(gaps, Has.Count.EqualTo(1));
        Assert.That(gaps[0].StartTime, Is.LessThanOrEqualTo(read[^1].Time + 1));
        Assert.That(gaps[0].EndTime, Is.EqualTo(ulong.MaxValue));
        Assert.That(gaps[0].Reason, Does.Contain(fixture.HolderEndpoints[0]));
    }

    [Test]
    public void The_last_page_that_is_lost_after_the_end_was_stated_is_a_gap()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new RelayFixture(events);
        ulong last = 0;
        fixture.ReaderBulk.BeforePull = _ => last == 0 ? ValueTask.CompletedTask : throw Gone();
        fixture.RelayBulk.BeforePull = _ => throw Gone();
        fixture.Rpc.LoseRequest = (_, method) =>
        {
            // The relay has just asked the holder for its last page when it has served all but some hundred events.
            last = fixture.Relay.Statistics.EventsServed > 18_000 ? 1UL : 0;
            return false;
        };

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Read();

        Assert.That(read, Is.EqualTo(events.Take(read.Count)).And.Not.Empty);
        Assert.That(read, Has.Count.LessThan(20_000), "nothing was lost");
        Assert.That(gaps, Is.Not.Empty);
        Assert.That(gaps.Min(gap => gap.StartTime), Is.LessThanOrEqualTo(read[^1].Time + 1));
    }

    [Test]
    public void Replies_lost_on_the_way_are_repeated()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new RelayFixture(events, events);
        int calls = 0;
        fixture.Rpc.LoseReply = (_, method) => method == Methods.NextPage.Name && ++calls % 5 == 1;

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Read();

        Assert.That(read, Is.EqualTo(events));
        Assert.That(gaps, Is.Empty);
    }

    /// <summary>Any stretches at any holders, overlapping or not, some of them unreachable for the reader: the set.</summary>
    [FsProperty(MaxTest = 60)]
    public void Any_stretches_at_any_holders_read_as_the_set(int seed)
    {
        var random = new Random(seed);
        var holders = new List<TestEvent>[random.Next(1, 4)];
        for (int holder = 0; holder < holders.Length; holder++)
        {
            holders[holder] = Stretches(random);
        }

        var fixture = new RelayFixture(holders);
        bool isFaulty = random.Next(2) == 0;
        fixture.ReaderBulk.BeforePull = page =>
            isFaulty && random.Next(3) == 0 && page.FabricAddress.ToStringUtf8() != "relay"
                ? throw Gone()
                : ValueTask.CompletedTask;
        List<TestEvent> model = TestEvent.Model(holders.SelectMany(events => events));
        int limit = random.Next(2) == 0 ? 0 : random.Next(1, model.Count + 10);

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Read(limit: (ulong)limit);

        Assert.That(read, Is.EqualTo(limit == 0 ? model : model.Take(limit)));
        Assert.That(gaps, Is.Empty);
        fixture.ExpectNothingLeft();
    }

    /// <summary>A reader that goes away at any moment leaves nothing behind, at the relay neither.</summary>
    [FsProperty(MaxTest = 200)]
    public void A_read_closed_in_the_middle_gives_everything_back(int seed)
    {
        var random = new Random(seed);
        var fixture = new RelayFixture([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Stretches(random))]);

        fixture.Rpc.LoseReply = (_, method) => method == Methods.NextPage.Name && random.Next(5) == 0;
        fixture.RelayBulk.BeforePull = async _ =>
        {
            for (int turn = random.Next(4); turn > 0; turn--)
            {
                await Task.Yield();
            }
        };

        fixture.ReadSome(random.Next(400), accepts: random.Next(2) == 0);

        fixture.ExpectNothingLeft();
    }

    private static List<TestEvent> Stretches(Random random)
    {
        var events = new List<TestEvent>();
        for (int stretch = random.Next(1, 4); stretch > 0; stretch--)
        {
            events.AddRange(TestEvent.Series(
                random.Next(1, 6_000), (ulong)random.Next(30_000), (ulong)random.Next(1, 3), (ulong)random.Next(1, 3)));
        }

        return TestEvent.Model(events);
    }

    private static ChronoLogException Gone() => new(Status.NoConnection, "its process has gone");
}

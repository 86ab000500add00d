using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

public sealed class RemoteReadSourceTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(100)]
    [TestCase(20_000)]
    public void It_gives_what_the_server_has_and_leaves_nothing_behind(int count)
    {
        var fixture = new ReadFixture(fillers: 1);
        List<TestEvent> events = TestEvent.Series(count);
        fixture.PlanOf(events);

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.ReadRemote();

        Assert.That(read, Is.EqualTo(events));
        Assert.That(gaps, Is.Empty);
        fixture.ExpectNothingLeft();
        fixture.Pump.Advance(TimeSpan.FromMinutes(2));
        Assert.That(fixture.Timers.Pending, Is.Zero);
    }

    [Test]
    public void It_fetches_one_page_ahead_and_not_more()
    {
        var fixture = new ReadFixture();
        fixture.PlanOf(TestEvent.Series(20_000));
        RemoteReadSource source = Open(fixture);
        fixture.Pump.Settle();
        Assert.That(fixture.ReaderBulk.Pulls, Is.EqualTo(1));

        fixture.Pump.Run(fixture.ReaderStrand, () => source.NextAsync(default))!.Release();
        fixture.Pump.Settle();
        Assert.That(fixture.ReaderBulk.Pulls, Is.EqualTo(2));
        fixture.Pump.Run(fixture.ReaderStrand, source.DisposeAsync);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_slow_reader_keeps_its_cursor()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = TestEvent.Series(10_000);
        fixture.PlanOf(events);
        RemoteReadSource source = Open(fixture);
        fixture.Pump.Advance(TimeSpan.FromMinutes(10));
        Assert.That(fixture.Service.Statistics.CursorsOpen, Is.EqualTo(1));

        List<TestEvent> read = fixture.Pump.Run(fixture.ReaderStrand, () => ReadFixture.Drain(source));

        Assert.That(read, Is.EqualTo(events));
        Assert.That(source.Gaps, Is.Empty);
        fixture.Pump.Run(fixture.ReaderStrand, source.DisposeAsync);
        fixture.ExpectNothingLeft();
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_page_that_was_offered_and_never_loaded_is_given_back(bool isPulledAhead)
    {
        var fixture = new ReadFixture();
        fixture.PlanOf(TestEvent.Series(10_000));
        RemoteReadSource source = Open(fixture);
        fixture.Pump.Run(fixture.ReaderStrand, async () =>
        {
            var offer = (await source.OfferAsync(0, default))!;
            if (isPulledAhead)
            {
                (await source.LoadAsync(offer, default))!.Release();
                Assert.That(await source.OfferAsync(0, default), Is.Not.Null);
            }
        });
        fixture.Pump.Settle();
        Assert.That(fixture.ReaderBulk.BytesRented, Is.Positive, "nothing was pulled");

        fixture.Pump.Run(fixture.ReaderStrand, source.DisposeAsync);

        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Lost_replies_and_torn_transfers_are_repeated()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = TestEvent.Series(10_000);
        fixture.PlanOf(events);
        var random = new Random(31);
        int pulls = 0;
        fixture.Rpc.LoseReply = (_, method) => method == Methods.NextPage.Name && random.Next(2) == 0;
        fixture.ReaderBulk.Damage = bytes => bytes.Span[200] ^= (byte)(++pulls % 2);
        var options = new RemoteReadOptions { Attempts = 20, PageDeadline = TimeSpan.FromSeconds(1) };

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.ReadRemote(options: options);

        Assert.That(read, Is.EqualTo(events));
        Assert.That(gaps, Is.Empty);
        Assert.That(pulls, Is.GreaterThan(2), "no transfer was torn");
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_server_that_dies_in_the_middle_leaves_a_gap_over_the_rest()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = TestEvent.Series(10_000);
        fixture.PlanOf(events);
        int calls = 0;
        fixture.Rpc.LoseRequest = (_, method) => method != Methods.OpenRead.Name && ++calls > 2;
        var options = new RemoteReadOptions { Name = "keeper-7", PageDeadline = TimeSpan.FromSeconds(1) };

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.ReadRemote(options: options);

        Assert.That(read, Is.EqualTo(events.Take(read.Count)).And.Not.Empty);
        Assert.That(gaps, Has.Count.EqualTo(1));
        Assert.That(gaps[0].StartTime, Is.EqualTo(read[^1].Time));
        Assert.That(gaps[0].EndTime, Is.EqualTo(ulong.MaxValue));
        Assert.That(gaps[0].Reason, Does.Contain("keeper-7"));
        Assert.That(fixture.ReaderBulk.BytesRented, Is.Zero);
    }

    [Test]
    public void Told_to_throw_it_throws()
    {
        var fixture = new ReadFixture();
        fixture.PlanOf(TestEvent.Series(10_000));
        fixture.Rpc.LoseRequest = (_, method) => method != Methods.OpenRead.Name;
        var options = new RemoteReadOptions { ThrowOnFailure = true, PageDeadline = TimeSpan.FromSeconds(1) };

        Assert.That(
            fixture.Refused(() => fixture.ReadRemote(options: options)).Status, Is.EqualTo(Status.TimedOut));
        Assert.That(fixture.ReaderBulk.BytesRented, Is.Zero);
    }

    [Test]
    public void Events_outside_the_range_are_a_lie()
    {
        var fixture = new ReadFixture();
        fixture.PlanOf(TestEvent.Series(10));
        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.ReadRemote(ReadFixture.Request(start: 3, end: 20));
        Assert.That(read, Is.Empty);
        Assert.That(gaps, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_server_that_cannot_be_reached_throws_at_the_opening()
    {
        var fixture = new ReadFixture();
        fixture.Rpc.LoseRequest = (_, _) => true;
        Assert.That(fixture.Refused(() => Open(fixture)).Status, Is.EqualTo(Status.TimedOut));
    }

    [Test]
    public void Cancelling_one_call_does_not_lose_the_page()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = TestEvent.Series(100);
        fixture.PlanOf(events);
        var gate = new TaskCompletionSource();
        fixture.ReaderBulk.BeforePull = async _ => await gate.Task;
        RemoteReadSource source = Open(fixture);
        using var cancelled = new CancellationTokenSource();
        Task<EventRun?> call = fixture.ReaderStrand.InvokeAsync(() => source.NextAsync(cancelled.Token));
        fixture.Pump.Settle();
        cancelled.Cancel();
        Assert.That(() => fixture.Pump.Complete(call), Throws.InstanceOf<OperationCanceledException>());

        gate.SetResult();

        Assert.That(fixture.Pump.Run(fixture.ReaderStrand, () => ReadFixture.Drain(source)), Is.EqualTo(events));
        fixture.Pump.Run(fixture.ReaderStrand, source.DisposeAsync);
        fixture.ExpectNothingLeft();
    }

    private static RemoteReadSource Open(ReadFixture fixture) => fixture.Pump.Run(
        fixture.ReaderStrand,
        () => RemoteReadSource.OpenAsync(fixture.Channel, fixture.ReaderBulk, fixture.Timers, ReadFixture.Request()));
}

using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

public sealed class ReadServiceLimitTests
{
    [Test]
    public void Cursors_are_capped_per_client_and_in_total()
    {
        var options = new ReadServiceOptions { Server = "player-0", CursorsMax = 3, CursorsPerClientMax = 2 };
        var fixture = new ReadFixture(options);
        fixture.PlanOf(TestEvent.Series(10));
        ulong first = fixture.Open(ReadFixture.Request(client: 1)).Cursor;
        fixture.Open(ReadFixture.Request(client: 1));

        ChronoLogException perClient = fixture.Refused(() => fixture.Open(ReadFixture.Request(client: 1)));
        fixture.Open(ReadFixture.Request(client: 2));
        ChronoLogException total = fixture.Refused(() => fixture.Open(ReadFixture.Request(client: 3)));

        Assert.That(perClient.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(perClient.Message, Does.Contain("client 1").And.Contain("player-0"));
        Assert.That(total.Status, Is.EqualTo(Status.LimitExceeded));
        fixture.Close(first);
        Assert.That(() => fixture.Open(ReadFixture.Request(client: 3)), Throws.Nothing);
    }

    [Test]
    public void A_plan_that_fails_gives_its_place_back()
    {
        var fixture = new ReadFixture(new ReadServiceOptions { CursorsMax = 1 });
        fixture.Plan = (_, _) => throw new ChronoLogException(Status.NotExist, "no such story");
        Assert.That(fixture.Refused(() => fixture.Open()).Status, Is.EqualTo(Status.NotExist));

        fixture.PlanOf(TestEvent.Series(10));
        Assert.That(fixture.ReadPages(), Has.Count.EqualTo(10));
    }

    [Test]
    public void A_cursor_that_nobody_calls_is_closed_and_one_that_is_called_is_not()
    {
        var fixture = new ReadFixture();
        var left = new ScriptedSource(TestEvent.Series(10));
        fixture.PlanOf(left);
        ulong abandoned = fixture.Open().Cursor;
        fixture.PlanOf(TestEvent.Series(10));
        ulong used = fixture.Open().Cursor;
        for (int i = 0; i < 5; i++)
        {
            fixture.Pump.Advance(TimeSpan.FromSeconds(10));
            fixture.Page(used, 0);
        }

        ChronoLogException gone = fixture.Refused(() => fixture.Page(abandoned, 0));
        Assert.That(gone.Status, Is.EqualTo(Status.NotExist));
        Assert.That(gone.Message, Does.Contain("player-0").And.Contain("open the read again"));
        Assert.That(left.Disposed, Is.True);
        Assert.That(fixture.Service.Statistics.CursorsOpen, Is.EqualTo(1));
        fixture.Close(used);
        fixture.ExpectNothingLeft();
        fixture.Pump.Advance(TimeSpan.FromMinutes(1));
        Assert.That(fixture.Timers.Pending, Is.Zero, "an idle service has no timer");
    }

    [Test]
    public void Closing_ends_a_page_that_is_being_waited_for()
    {
        var fixture = new ReadFixture();
        var never = new TaskCompletionSource();
        var source = new ScriptedSource(TestEvent.Series(1)) { Before = async c => await never.Task.WaitAsync(c) };
        fixture.PlanOf(source);
        ulong cursor = fixture.Open().Cursor;
        Task<NextPageReply> waiting = fixture.ReaderStrand.InvokeAsync(() => fixture.Channel.CallAsync(
            Methods.NextPage, new NextPageRequest { Cursor = cursor }, TimeSpan.FromHours(2)));
        fixture.Pump.Settle();

        fixture.Close(cursor);

        Assert.That(fixture.Refused(() => fixture.Pump.Complete(waiting)).Status, Is.EqualTo(Status.Cancelled));
        Assert.That(source.Disposed, Is.True);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Stopping_closes_every_cursor_and_refuses_new_ones()
    {
        var fixture = new ReadFixture(fillers: 2);
        var sources = new List<ScriptedSource>();
        fixture.Plan = (_, _) =>
        {
            sources.Add(new ScriptedSource(TestEvent.Series(10_000)));
            return new ValueTask<ReadPlan>(new ReadPlan([sources[^1]], 0, []));
        };
        fixture.Page(fixture.Open().Cursor, 0);
        fixture.Open();

        fixture.Pump.Run(fixture.ServerStrand, fixture.Service.StopAsync);

        Assert.That(sources, Has.Count.EqualTo(2).And.All.Property(nameof(ScriptedSource.Disposed)).True);
        Assert.That(fixture.Refused(() => fixture.Open()).Status, Is.EqualTo(Status.Cancelled));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_cursor_holds_three_pages_whatever_the_range()
    {
        var fixture = new ReadFixture();
        var source = new ScriptedSource(
            Enumerable.Range(0, 10_000).Select(i => TestEvent.Series(1_000, first: (ulong)i * 1_000)));
        fixture.PlanOf(source);
        ulong cursor = fixture.Open().Cursor;
        for (ulong sequence = 0; sequence < 50; sequence++)
        {
            fixture.Page(cursor, sequence);
            fixture.Pump.Settle();
            Assert.That(fixture.ServerBulk.BytesRented, Is.LessThanOrEqualTo(3 * ReadServiceOptions.PageBytesMin));
            Assert.That(source.Given, Is.LessThan(((int)sequence + 3) * 3), "reads ahead no further than one page");
        }

        fixture.Close(cursor);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Short_memory_is_an_error_that_passes()
    {
        var fixture = new ReadFixture(budget: 100_000);
        fixture.PlanOf(TestEvent.Series(20_000));
        ulong one = fixture.Open().Cursor;
        NextPageReply page = fixture.Page(one, 0);
        ulong other = fixture.Open().Cursor;

        ChronoLogException refused = fixture.Refused(() => fixture.Page(other, 0));
        Assert.That(refused.Status, Is.EqualTo(Status.NoSpace));
        Assert.That(refused.Message, Does.Contain("player-0").And.Contain("100000"));
        Assert.That(fixture.Pull(page.Page), Is.Not.Empty);

        fixture.Close(one);
        List<TestEvent> first = fixture.Pull(fixture.Page(other, 0).Page);
        Assert.That(first, Is.EqualTo(TestEvent.Series(first.Count)));
        fixture.Close(other);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_read_without_a_story_is_refused()
    {
        var fixture = new ReadFixture();
        Assert.That(
            fixture.Refused(() => fixture.Open(new OpenReadRequest { EndTime = 5 })).Status,
            Is.EqualTo(Status.InvalidArgument));
    }
}

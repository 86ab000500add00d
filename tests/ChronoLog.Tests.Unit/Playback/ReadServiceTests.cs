using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

public sealed class ReadServiceTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(3)]
    public void A_read_of_many_pages_gives_every_event_once_and_in_order(int fillers)
    {
        var fixture = new ReadFixture(fillers: fillers);
        List<TestEvent> events = TestEvent.Series(20_000);
        fixture.PlanOf(events);

        List<TestEvent> read = fixture.ReadPages();

        Assert.That(read, Is.EqualTo(events));
        Assert.That(fixture.Service.Statistics.PagesServed, Is.GreaterThan(5));
        Assert.That(fixture.Service.Statistics.EventsServed, Is.EqualTo(20_000));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Pages_are_full_and_never_larger_than_asked_for()
    {
        var fixture = new ReadFixture();
        fixture.PlanOf(TestEvent.Series(20_000));
        ulong cursor = fixture.Open().Cursor;
        var lengths = new List<uint>();
        for (ulong sequence = 0; ; sequence++)
        {
            NextPageReply reply = fixture.Page(cursor, sequence);
            lengths.Add(reply.Page.Length);
            if (reply.End)
            {
                break;
            }
        }

        Assert.That(lengths, Has.All.LessThanOrEqualTo(ReadServiceOptions.PageBytesMin));
        Assert.That(lengths.SkipLast(1), Has.All.GreaterThan(ReadServiceOptions.PageBytesMin - 100));
        fixture.Close(cursor);
        fixture.ExpectNothingLeft();
    }

    // A read that breaks off after it would otherwise not know what is missing before.
    [Test]
    public void Gaps_are_stated_with_every_page_once_they_are_known()
    {
        var fixture = new ReadFixture();
        var broken = new ScriptedSource(TestEvent.Series(10));
        broken.Gaps.Add(new Gap { StartTime = 10, EndTime = 20, Reason = "torn" });
        fixture.PlanOf(broken, new ScriptedSource(TestEvent.Series(20_000, first: 100)));

        NextPageReply first = fixture.Page(fixture.Open().Cursor, 0);

        Assert.That(first.End, Is.False);
        Assert.That(first.Gaps.Select(gap => gap.Reason), Is.EqualTo(new[] { "torn" }));
    }

    [Test]
    public void An_empty_range_ends_at_once_and_is_not_even_planned()
    {
        var fixture = new ReadFixture { Plan = (_, _) => throw new InvalidOperationException("planned") };

        ulong cursor = fixture.Open(ReadFixture.Request(start: 10, end: 10)).Cursor;
        NextPageReply reply = fixture.Page(cursor, 0);

        Assert.That(reply.End, Is.True);
        Assert.That(reply.Page, Is.Null);
        Assert.That(reply.EventCount, Is.Zero);
        fixture.Close(cursor);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Asking_again_gives_the_same_page_and_asking_on_withdraws_the_one_before()
    {
        var fixture = new ReadFixture();
        fixture.PlanOf(TestEvent.Series(10_000));
        ulong cursor = fixture.Open().Cursor;

        NextPageReply first = fixture.Page(cursor, 0);
        Assert.That(fixture.Page(cursor, 0), Is.EqualTo(first));
        Assert.That(fixture.Network.Exposures, Is.EqualTo(1));

        NextPageReply second = fixture.Page(cursor, 1);
        Assert.That(second, Is.Not.EqualTo(first));
        Assert.That(fixture.Network.Exposures, Is.EqualTo(2), "the first may turn out damaged, and be pulled again");
        Assert.That(fixture.Pull(first.Page), Is.Not.Empty);

        fixture.Page(cursor, 2);
        Assert.That(fixture.Network.Exposures, Is.EqualTo(2));
        Assert.That(fixture.Refused(() => fixture.Pull(first.Page)).Status, Is.EqualTo(Status.NoConnection));
        Assert.That(fixture.Refused(() => fixture.Page(cursor, 0)).Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(fixture.Refused(() => fixture.Page(cursor, 4)).Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(fixture.Service.Statistics.PagesServed, Is.EqualTo(3));
        fixture.Close(cursor);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Two_calls_for_the_same_page_at_once_get_the_same_page()
    {
        var fixture = new ReadFixture();
        var gate = new TaskCompletionSource();
        fixture.PlanOf(new ScriptedSource(TestEvent.Series(3)) { Before = async c => await gate.Task.WaitAsync(c) });
        ulong cursor = fixture.Open().Cursor;
        var request = new NextPageRequest { Cursor = cursor };
        Task<NextPageReply> Ask() => fixture.ReaderStrand.InvokeAsync(
            () => fixture.Channel.CallAsync(Methods.NextPage, request, TimeSpan.FromSeconds(20)));
        Task<NextPageReply> one = Ask();
        Task<NextPageReply> other = Ask();
        fixture.Pump.Settle();
        Assert.That(one.IsCompleted || other.IsCompleted, Is.False);

        gate.SetResult();

        Assert.That(fixture.Pump.Complete(one), Is.EqualTo(fixture.Pump.Complete(other)));
        Assert.That(fixture.Service.Statistics.PagesServed, Is.EqualTo(1));
        fixture.Close(cursor);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_record_larger_than_a_page_has_a_page_of_its_own()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = TestEvent.Series(100);
        events[50] = events[50] with { Record = new string('x', 3 * ReadServiceOptions.PageBytesMin) };
        events[51] = events[51] with { Record = new string('y', 2 * ReadServiceOptions.PageBytesMin) };
        fixture.PlanOf(events);

        Assert.That(fixture.ReadPages(), Is.EqualTo(events));
        Assert.That(fixture.Service.Statistics.PagesServed, Is.EqualTo(4));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Empty_records_are_events_too()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = [.. TestEvent.Series(5_000).Select(e => e with { Record = "" })];
        fixture.PlanOf(events);

        Assert.That(fixture.ReadPages(), Is.EqualTo(events));
    }

    [TestCase(1ul)]
    [TestCase(1_000ul)]
    [TestCase(2_500ul)]
    [TestCase(9_999ul)]
    [TestCase(10_001ul)]
    public void An_event_limit_ends_the_read(ulong limit)
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = TestEvent.Series(10_000);
        fixture.PlanOf(events);
        OpenReadRequest request = ReadFixture.Request();
        request.EventLimit = limit;

        Assert.That(fixture.ReadPages(request), Is.EqualTo(events.Take((int)limit)));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void The_end_lists_the_gaps_of_the_plan_and_of_every_source()
    {
        var fixture = new ReadFixture();
        var source = new ScriptedSource(TestEvent.Series(10));
        source.Gaps.Add(new Gap { StartTime = 3, EndTime = 4, Reason = "torn" });
        var known = new Gap { StartTime = 1, EndTime = 2, Reason = "unreachable" };
        fixture.Plan = (_, _) => new ValueTask<ReadPlan>(new ReadPlan([source], 9, [known]));

        OpenReadReply opened = fixture.Open();
        NextPageReply end = fixture.Page(opened.Cursor, 0);

        Assert.That(opened.Watermark, Is.EqualTo(9));
        Assert.That(opened.Gaps, Is.EqualTo(new[] { known }));
        Assert.That(end.End, Is.True);
        Assert.That(end.Gaps, Is.EqualTo(new[] { known, source.Gaps[0] }));
    }

    [Test]
    public void A_limit_does_not_hide_the_gaps_before_its_last_event()
    {
        var fixture = new ReadFixture();
        List<TestEvent> events = TestEvent.Series(10);
        var source = new ScriptedSource(events);
        ulong last = events[4].Time;
        source.Gaps.Add(new Gap { StartTime = last, EndTime = last + 1, Reason = "before the limit" });
        source.Gaps.Add(new Gap { StartTime = last + 1, EndTime = last + 2, Reason = "behind it" });
        fixture.Plan = (_, _) => new ValueTask<ReadPlan>(new ReadPlan([source], 9, []));
        OpenReadRequest request = ReadFixture.Request();
        request.EventLimit = 5;

        NextPageReply end = fixture.Page(fixture.Open(request).Cursor, 0);

        Assert.That(end.End, Is.True);
        Assert.That(end.Gaps, Is.EqualTo(new[] { source.Gaps[0] }));
    }

    [Test]
    public void A_source_that_fails_in_the_middle_fails_the_read_and_keeps_failing_it()
    {
        var fixture = new ReadFixture();
        int runs = 0;
        fixture.PlanOf(new ScriptedSource(
            TestEvent.Series(10), TestEvent.Series(10, first: 10), TestEvent.Series(10, first: 20))
        {
            Before = _ => ++runs == 2 ? throw new ChronoLogException(Status.Corrupt, "torn") : default,
        });
        ulong cursor = fixture.Open().Cursor;

        Assert.That(fixture.Refused(() => fixture.Page(cursor, 0)).Status, Is.EqualTo(Status.Corrupt));
        Assert.That(fixture.Refused(() => fixture.Page(cursor, 0)).Status, Is.EqualTo(Status.Corrupt));
        fixture.Close(cursor);
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Pages_are_no_larger_than_the_slabs_of_either_side()
    {
        var fixture = new ReadFixture(slabMax: 100_000);
        List<TestEvent> events = TestEvent.Series(20_000);
        fixture.PlanOf(events);
        OpenReadRequest request = ReadFixture.Request();
        request.PageBytes = ReadServiceOptions.PageBytesMax;

        Assert.That(fixture.ReadRemote(request).Events, Is.EqualTo(events));
        Assert.That(fixture.ReadPages(request), Is.EqualTo(events));
        fixture.ExpectNothingLeft();
    }
}

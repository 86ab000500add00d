using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>Pages whose columns lie in the server's memory go out column by column, where nothing overlaps them.</summary>
public sealed class ColumnPageTests
{
    // About 45 KiB of the smallest pages' 64 KiB.
    private const int EventsPerPart = 1_000;

    [Test]
    public void A_sole_source_goes_out_without_entries()
    {
        List<TestEvent> events = TestEvent.Series(20 * EventsPerPart);
        var fixture = new ReadFixture();
        var source = new ColumnSource(events.Chunk(EventsPerPart));
        fixture.PlanOf(source);

        Assert.That(fixture.ReadRemote().Events, Is.EqualTo(events));

        Assert.That(source.Loaded, Is.Zero);
        Assert.That(fixture.Service.Statistics.PagesServed, Is.InRange(20, 21));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Small_parts_are_put_together()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new ReadFixture();
        fixture.PlanOf(new ColumnSource(events.Chunk(10)));

        Assert.That(fixture.ReadRemote().Events, Is.EqualTo(events));

        Assert.That(fixture.Service.Statistics.PagesServed, Is.LessThan(20));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_part_larger_than_a_page_is_cut()
    {
        List<TestEvent> events = TestEvent.Series(20_000);
        var fixture = new ReadFixture();
        fixture.PlanOf(new ColumnSource(events.Chunk(10_000)));

        Assert.That(fixture.ReadPages(), Is.EqualTo(events));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Overlapping_sources_are_merged_and_the_rest_is_not()
    {
        List<TestEvent> events = TestEvent.Series(20 * EventsPerPart);
        var fixture = new ReadFixture();
        var source = new ColumnSource(events.Chunk(EventsPerPart));
        fixture.PlanOf(new ScriptedSource(events[..(5 * EventsPerPart + 7)]), source);

        Assert.That(fixture.ReadRemote().Events, Is.EqualTo(events));

        Assert.That(source.Loaded, Is.EqualTo(6 * EventsPerPart));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Duplicates_within_a_part_are_dropped()
    {
        List<TestEvent> events = TestEvent.Series(EventsPerPart);
        var fixture = new ReadFixture();
        fixture.PlanOf(new ColumnSource([[.. events, events[^1]]]));

        Assert.That(fixture.ReadRemote().Events, Is.EqualTo(events));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Duplicates_of_the_last_event_of_a_page_that_went_out_are_dropped()
    {
        List<TestEvent> events = TestEvent.Series(2 * EventsPerPart);
        var fixture = new ReadFixture();
        fixture.PlanOf(new ColumnSource([events[..EventsPerPart], events[(EventsPerPart - 1)..]]));

        Assert.That(fixture.ReadRemote().Events, Is.EqualTo(events));
        fixture.ExpectNothingLeft();
    }

    [TestCase(1UL)]
    [TestCase(999UL)]
    [TestCase(1_000UL)]
    [TestCase(1_001UL)]
    [TestCase(3_500UL)]
    public void A_limit_inside_a_part_cuts_it(ulong limit)
    {
        List<TestEvent> events = TestEvent.Series(5 * EventsPerPart);
        var fixture = new ReadFixture();
        fixture.PlanOf(new ColumnSource(events.Chunk(EventsPerPart)));
        OpenReadRequest request = ReadFixture.Request();
        request.EventLimit = limit;

        Assert.That(fixture.ReadRemote(request).Events, Is.EqualTo(events.Take((int)limit)));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void A_page_waits_for_memory()
    {
        List<TestEvent> events = TestEvent.Series(10 * EventsPerPart);
        var fixture = new ReadFixture(budget: 300_000, slabMax: 128 << 10);
        fixture.PlanOf(new ColumnSource(events.Chunk(EventsPerPart)));
        Slab taken = fixture.ServerBulk.TryRent(128 << 10)!;
        ulong cursor = fixture.Open().Cursor;
        fixture.Pump.Settle();
        taken.Release();

        var pages = new List<TestEvent>();
        for (ulong sequence = 0; ; sequence++)
        {
            NextPageReply reply = fixture.Page(cursor, sequence);
            pages.AddRange(reply.Page is null ? [] : fixture.Pull(reply.Page));
            if (reply.End)
            {
                break;
            }
        }

        fixture.Close(cursor);
        Assert.That(pages, Is.EqualTo(events));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void Columns_out_of_order_are_refused()
    {
        EventRun run = TestEvent.ToRun(TestEvent.Series(100));
        var block = new PinnedBlock((int)ColumnImage.RequiredBytes(run.Count, run.RecordBytes));
        ColumnImage.Write(block.Span, new ColumnImageHeader(1, 0, ulong.MaxValue), run.Entries, run.RecordBytes);
        ColumnPlaces places = ColumnImageDescriptor.Places(block.Address, run.Count, run.RecordBytes);
        using (ColumnSlice? sound = ColumnSlice.TryOver(block, places, run.Count))
        {
            Assert.That(sound, Is.Not.Null.And.Property(nameof(ColumnSlice.IsStrict)).True);
        }

        int times = (int)(places.EventTime - block.Address);
        block.Span.Slice(times + (8 * 37), 8).Clear();
        Assert.That(ColumnSlice.TryOver(block, places, run.Count), Is.Null);
        run.Release();
        block.Release();
    }
}

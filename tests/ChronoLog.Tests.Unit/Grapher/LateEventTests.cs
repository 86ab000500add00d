using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using static ChronoLog.Tests.Unit.Grapher.TestKeeper;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>What comes late is placed where it still can be, and counted; historical events go their own way.</summary>
public sealed class LateEventTests
{
    [Test]
    public void What_was_late_at_its_keeper_goes_into_the_chunk_that_is_open_here_and_is_counted_there()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1003, (1001, 1, "in time"));
        fixture.Keepers[0].Announce(Late(fixture, 1000, 1003, (1002, 1, "late")));
        Assert.That(Tally(fixture).Late, Is.EqualTo(1), "warm");
        fixture.ReportAll(Tick(1010));
        fixture.Advance(15.2);

        TakenChunk taken = fixture.Archive.Taken.Single();
        Assert.That(taken.Events, Has.Count.EqualTo(2), "one file");
        Assert.That((taken.Chunk.LateEvents, taken.Chunk.Supplementary), Is.EqualTo((1L, false)));
        fixture.Advance(1.1);
        Assert.That(fixture.Heartbeat.Statistics["events_late"], Is.EqualTo(1));
        Assert.That(Tally(fixture).Late, Is.Zero, "the file says it now");
    }

    [Test]
    public void What_comes_below_the_watermark_is_late_whatever_its_keeper_says()
    {
        var fixture = new GrapherFixture();
        fixture.Advance(40);
        fixture.ReportAll(Tick(1030)); // nothing is to come below
        fixture.Keepers[0].Announce(1020, 1040, (1021, 1, "late"), (1029, 1, "late"), (1031, 1, "in time"));
        fixture.ReportAll(Tick(1040));
        fixture.Advance(20);

        Assert.That(
            fixture.Archive.Taken.Select(static taken => (taken.Events.Count, taken.Chunk.LateEvents)),
            Is.EqualTo(new[] { (2, 2L), (1, 0L) }), "by chunks of 10 s");
    }

    [Test]
    public void What_comes_for_an_archived_chunk_is_a_supplementary_one_that_says_so()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "in time"));
        fixture.ReportAll(Tick(1010));
        fixture.Advance(15.2);
        fixture.Keepers[1].Announce(Late(fixture, 1000, 1010, (1002, 2, "late"), (1003, 2, "late")));
        fixture.Advance(1);

        Assert.That(fixture.Archived, Has.Count.EqualTo(3));
        RetiredChunk second = fixture.Archive.Taken[1].Chunk;
        Assert.That((second.Supplementary, second.LateEvents, second.Complete), Is.EqualTo((true, 2L, false)));
    }

    [Test]
    public void An_import_is_archived_at_once_as_it_is_whatever_range_it_has()
    {
        var fixture = new GrapherFixture();
        fixture.ReportAll(Tick(1000));
        RetiredChunk import = fixture.Keepers[0].NewPartial(
            1, 999, (1, 9, "a"), (2, 9, "b"), (500, 9, "c"), (998, 9, "d")) with { IsImport = true };
        fixture.Keepers[0].Announce(import);
        fixture.Advance(0.2);

        TakenChunk taken = fixture.Archive.Taken.Single();
        Assert.That((taken.Chunk.Chunk.StartTime, taken.Chunk.Chunk.EndTime), Is.EqualTo((Tick(1), Tick(999))));
        Assert.That((taken.Events.Count, taken.Chunk.LateEvents, taken.Chunk.Supplementary), Is.EqualTo((4, 4L, true)));
        Assert.That(fixture.Keepers[0].Archived, Is.EqualTo(new ulong[] { 1 }), "its sender hears of it");
        Assert.That(fixture.PlayerNotices, Has.Count.EqualTo(1));
        Assert.That((fixture.Role.HeldBytes, fixture.Bulk.BytesRented), Is.EqualTo((0L, 0L)));
        Assert.That(fixture.Keepers[0].Announce(import).IsArchived, Is.True, "announced again it is known");
    }

    private static RetiredChunk Late(
        GrapherFixture fixture, double start, double end, params (double Second, ulong Client, string Record)[] events)
    {
        RetiredChunk partial = fixture.Keepers[0].NewPartial(start, end, events);
        var late = new StoryChunk(partial.Chunk.StoryId, partial.Chunk.StartTime, partial.Chunk.EndTime) { IsLate = true };
        late.MergeFrom(partial.Chunk);
        return partial with { Chunk = late };
    }

    private static StoryTally Tally(GrapherFixture fixture)
    {
        fixture.Advance(1.1); // a heartbeat
        return fixture.Heartbeat.Stories.Single();
    }
}

using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using static ChronoLog.Tests.Unit.Grapher.TestKeeper;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>The way of events through the Grapher: announced, pulled, merged, archived, acknowledged.</summary>
public sealed class GrapherFlowTests
{
    [Test]
    public void Partials_of_two_keepers_become_one_complete_chunk_without_duplicates()
    {
        var fixture = new GrapherFixture();
        (TestKeeper first, TestKeeper second) = (fixture.Keepers[0], fixture.Keepers[1]);
        first.Announce(1000, 1003, (1000.5, 1, "a"), (1002, 1, "c"));
        first.Announce(1003, 1006, (1004, 1, "d"));
        // The second was written to as well (replicas = 2): the same events, and one of its own.
        second.Announce(1000, 1006, (1000.5, 1, "a"), (1002, 1, "c"), (1003.5, 2, "x"));
        Assert.That(fixture.Archived, Is.Empty);

        fixture.ReportAll(Tick(1010));
        fixture.Advance(15.2);

        TakenChunk taken = fixture.Archive.Taken.Single();
        Assert.That(taken.Events, Is.EqualTo(new[]
        {
            $"{Tick(1000.5)}/1/0=a", $"{Tick(1002)}/1/1=c", $"{Tick(1003.5)}/2/2=x", $"{Tick(1004)}/1/0=d",
        }));
        Assert.That(
            (taken.Chunk.Chunk.StartTime, taken.Chunk.Chunk.EndTime), Is.EqualTo((Tick(1000), Tick(1010))));
        Assert.That((taken.Chunk.Complete, taken.Chunk.Supplementary), Is.EqualTo((true, false)));
        Assert.That(taken.Chunk.MergedFrom.Select(partial => (partial.ProcessId, partial.Sequence)).Order(), Is.EqualTo(
            new[] { (7UL, 1UL), (7UL, 2UL), (8UL, 1UL) }));
        Assert.That(first.Archived, Is.EqualTo(new ulong[] { 1, 2 }));
        Assert.That(second.Archived, Is.EqualTo(new ulong[] { 1 }));
        Assert.That(fixture.PlayerNotices.Single().Path, Does.StartWith("/archive/c/s/"));
        Assert.That((fixture.Role.HeldBytes, fixture.Bulk.BytesRented), Is.EqualTo((0L, 0L)));
    }

    [Test]
    public void A_chunk_waits_for_its_window_although_every_keeper_has_drained()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1010));
        fixture.Advance(14.8);
        Assert.That(fixture.Archived, Is.Empty);
        fixture.Advance(0.4);
        Assert.That(fixture.Archived, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_chunk_waits_for_a_keeper_that_has_not_drained_up_to_the_hold_limit()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.Keepers[0].Report(Tick(1030));
        fixture.Keepers[1].Report(Tick(1009));
        fixture.Advance(34.8);
        Assert.That(fixture.Archived, Is.Empty, "end 1010 + window 5 + hold 20 = 1035");
        fixture.Advance(0.4);
        Assert.That(fixture.Archive.Taken.Single().Chunk.Complete, Is.False, "a Keeper's part may be missing");
    }

    [Test]
    public void A_late_partial_becomes_a_supplementary_chunk()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1020));
        fixture.Advance(16);
        fixture.Keepers[1].Announce(1000, 1010, (1002, 2, "late"));
        fixture.Advance(1);

        Assert.That(fixture.Archive.Taken, Has.Count.EqualTo(2));
        TakenChunk late = fixture.Archive.Taken[1];
        Assert.That((late.Chunk.Supplementary, late.Chunk.Complete), Is.EqualTo((true, false)));
        Assert.That(late.Events, Is.EqualTo(new[] { $"{Tick(1002)}/2/0=late" }));
        Assert.That(fixture.Keepers[1].Archived, Is.EqualTo(new ulong[] { 1 }));
    }

    [Test]
    public void Announcing_again_is_acknowledged_and_not_pulled()
    {
        var fixture = new GrapherFixture();
        TestKeeper keeper = fixture.Keepers[0];
        RetiredChunk partial = keeper.NewPartial(1000, 1010, (1001, 1, "a"));
        Assert.That(keeper.Announce(partial).IsArchived, Is.False);
        Assert.That(keeper.Announce(partial).IsArchived, Is.False, "held, not archived");
        fixture.ReportAll(Tick(1020));
        fixture.Advance(16);
        Assert.That(keeper.Announce(partial).IsArchived, Is.True);

        Assert.That(fixture.Bulk.Pulls, Is.EqualTo(1));
        Assert.That(fixture.Archived, Has.Count.EqualTo(1));
    }

    [Test]
    public void Two_announcements_of_one_partial_at_once_are_one_pull()
    {
        var fixture = new GrapherFixture();
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Bulk.BeforePull = _ => new ValueTask(open.Task);
        RetiredChunk partial = fixture.Keepers[0].NewPartial(1000, 1010, (1001, 1, "a"));
        Task<ExtractionReceipt>[] both = [fixture.Keepers[0].Begin(partial), fixture.Keepers[0].Begin(partial)];
        open.SetResult();
        fixture.Pump.Settle();
        Assert.That(both.Select(task => task.IsCompletedSuccessfully), Is.All.True);
        Assert.That(fixture.Bulk.Pulls, Is.EqualTo(1));
    }

    [Test]
    public void A_partial_over_several_chunks_is_noticed_when_the_last_one_is_archived()
    {
        var fixture = new GrapherFixture();
        TestKeeper keeper = fixture.Keepers[0];
        keeper.Announce(1005, 1025, (1006, 1, "a"), (1011, 1, "b"), (1021, 1, "c"));
        fixture.ReportAll(Tick(1100));
        fixture.Advance(26);
        Assert.That(fixture.Archived, Has.Count.EqualTo(2));
        Assert.That(keeper.Archived, Is.Empty);
        fixture.Advance(10);
        Assert.That(fixture.Archived, Has.Count.EqualTo(3));
        Assert.That(keeper.Archived, Is.EqualTo(new ulong[] { 1 }));
        Assert.That(
            fixture.Archive.Taken.Select(taken => taken.Chunk.MergedFrom.Any(partial => partial.ProcessId == 7)),
            Is.EqualTo(new[] { false, false, true }), "only the file that completes a partial names it");
    }

    [Test]
    public void A_partial_in_parts_is_noticed_when_all_parts_are_archived()
    {
        var fixture = new GrapherFixture();
        TestKeeper keeper = fixture.Keepers[0];
        keeper.Announce(keeper.NewPartial(
            TestChunks.Chunk(fixture.Story, Tick(1000), Tick(1010), count: 300, recordBytes: 50)));
        Assert.That(fixture.Bulk.Pulls, Is.GreaterThan(3));
        fixture.ReportAll(Tick(1020));
        fixture.Advance(16);
        Assert.That(fixture.Archived, Has.Count.EqualTo(300));
        Assert.That(keeper.Archived, Is.EqualTo(new ulong[] { 1 }));
    }

    [Test]
    public void A_part_that_comes_late_holds_the_notice_back()
    {
        var fixture = new GrapherFixture();
        TestKeeper keeper = fixture.Keepers[0];
        RetiredChunk partial = keeper.NewPartial(
            TestChunks.Chunk(fixture.Story, Tick(1000), Tick(1010), count: 100, recordBytes: 50));
        int calls = 0;
        fixture.Rpc.LoseRequest = (_, method) => method == Methods.AnnounceChunk.Name && calls++ >= 1;
        Assert.Throws<ChronoLogException>(() => keeper.Announce(partial));
        fixture.Rpc.LoseRequest = null;
        fixture.ReportAll(Tick(1020));
        fixture.Advance(30);
        Assert.That(fixture.Archived, Has.Count.InRange(1, 99));
        Assert.That(keeper.Archived, Is.Empty);

        Assert.That(keeper.Announce(partial).IsArchived, Is.False);
        fixture.Advance(2);
        Assert.That(fixture.Archived, Has.Count.EqualTo(100));
        Assert.That(keeper.Archived, Is.EqualTo(new ulong[] { 1 }));
    }

    [Test]
    public void A_failing_extractor_is_retried_and_the_chunk_stays_readable()
    {
        var fixture = new GrapherFixture();
        fixture.Archive.Fail = call => call <= 4 ? new IOException("No space left on device: /archive") : null;
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1020));
        fixture.Advance(15.6);
        Assert.That(fixture.Archive.Calls, Is.InRange(2, 4));
        Assert.That(fixture.Archived, Is.Empty);
        Assert.That(fixture.Read(0, ulong.MaxValue), Has.Count.EqualTo(1));
        Assert.That(fixture.Keepers[0].Archived, Is.Empty);
        Assert.That(
            fixture.Logger.Lines.Select(line => line.Text),
            Has.Some.Contain("No space left").And.Some.Contain("c/s"));
        fixture.Advance(5);
        Assert.That(fixture.Archived, Has.Count.EqualTo(1));
        Assert.That(fixture.Keepers[0].Archived, Is.EqualTo(new ulong[] { 1 }));
        Assert.That(fixture.Role.Statistics.ExtractionFailures, Is.EqualTo(4));
    }

    [Test]
    public void A_lost_archived_notice_is_repeated_until_it_is_acknowledged()
    {
        var fixture = new GrapherFixture();
        int lost = 0;
        fixture.Rpc.LoseReply = (_, method) => method == Methods.Archived.Name && lost++ < 3;
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1020));
        fixture.Advance(30);
        Assert.That(fixture.Keepers[0].Archived, Is.EqualTo(new ulong[] { 1, 1, 1, 1 }));
        fixture.Advance(60);
        Assert.That(fixture.Keepers[0].Archived, Has.Count.EqualTo(4), "acknowledged: no more");
    }

    [Test]
    public void What_earlier_processes_archived_is_not_pulled()
    {
        var fixture = new GrapherFixture(alreadyArchived: [new(7, 1, 1), new(7, 1, 2)]);
        Assert.That(fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a")).IsArchived, Is.True);
        Assert.That(fixture.Keepers[0].Announce(1000, 1010, (1002, 1, "b")).IsArchived, Is.True);
        Assert.That(fixture.Keepers[0].Announce(1000, 1010, (1003, 1, "c")).IsArchived, Is.False);
        Assert.That(fixture.Bulk.Pulls, Is.EqualTo(1));
    }
}

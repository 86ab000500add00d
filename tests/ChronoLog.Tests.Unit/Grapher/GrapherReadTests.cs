using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using static ChronoLog.Tests.Unit.Grapher.TestKeeper;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>What readers and the Visor see: warm reads, the watermark, tallies.</summary>
public sealed class GrapherReadTests
{
    [Test]
    public void Acknowledged_events_are_read_until_the_player_knows_their_file()
    {
        var fixture = new GrapherFixture { PlayerAnswers = false };
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"), (1009, 1, "b"));
        Assert.That(fixture.Read(Tick(1000), Tick(1009)), Is.EqualTo(new[] { $"{Tick(1001)}/1/0=a" }), "half-open");
        fixture.ReportAll(Tick(1020));
        fixture.Advance(16);
        Assert.That(fixture.Archived, Has.Count.EqualTo(2));
        Assert.That(fixture.Keepers[0].Archived, Has.Count.EqualTo(1), "the Keeper need not wait for the Player");
        Assert.That(fixture.Read(0, ulong.MaxValue), Has.Count.EqualTo(2), "archived, but the Player does not know");

        fixture.PlayerAnswers = true;
        fixture.Advance(3);
        Assert.That(fixture.PlayerNotices, Has.Count.EqualTo(1));
        Assert.That(fixture.Read(0, ulong.MaxValue), Is.Empty);
    }

    [Test]
    public void A_player_that_stays_away_does_not_hold_memory_for_ever()
    {
        var fixture = new GrapherFixture { PlayerAnswers = false };
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1020));
        fixture.Advance(30);
        Assert.That(fixture.Role.HeldBytes, Is.Zero);
        Assert.That(fixture.Logger.Lines.Select(line => line.Text), Has.Some.Matches<string>(
            text => text!.Contains("player-0", StringComparison.Ordinal)
                && text.Contains("/archive/", StringComparison.Ordinal)));
    }

    [Test]
    public void Open_and_retired_chunks_are_read_together()
    {
        var fixture = new GrapherFixture();
        fixture.Archive.Fail = _ => new IOException("broken");
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1010));
        fixture.Advance(16);
        fixture.Keepers[1].Announce(1010, 1020, (1012, 2, "b"));
        fixture.Keepers[1].Announce(1000, 1010, (1002, 2, "late"));
        Assert.That(fixture.Read(0, ulong.MaxValue), Is.EqualTo(new[]
        {
            $"{Tick(1001)}/1/0=a", $"{Tick(1002)}/2/0=late", $"{Tick(1012)}/2/0=b",
        }));
    }

    [Test]
    public void An_unknown_story_reads_as_empty()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.Story.Story = "another";
        fixture.Story.StoryId = StoryIdentity.Hash("c", "another");
        Assert.That(fixture.Read(0, ulong.MaxValue), Is.Empty);
    }

    [Test]
    public void The_watermark_is_the_least_of_the_groups_keepers_and_never_goes_back()
    {
        var fixture = new GrapherFixture();
        fixture.Advance(60);
        fixture.Keepers[0].Report(Tick(1050));
        Assert.That(WatermarkOf(fixture), Is.Zero, "the other one has not reported");
        fixture.Keepers[1].Report(Tick(1030));
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1030)));
        fixture.Keepers[1].Report(Tick(1020));
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1030)), "an old report changes nothing");
        fixture.Keepers[1].Report(Tick(1040));
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1040)));

        fixture.Keepers[1].Identity.Epoch = 2; // restarted: what it reported no longer counts
        fixture.StartStory(fixture.Story);
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1040)));
        fixture.Keepers[0].Report(Tick(1055));
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1040)));
        fixture.Keepers[1].Report(Tick(1052));
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1052)));
    }

    [Test]
    public void A_keeper_that_signed_off_no_longer_holds_the_watermark()
    {
        var fixture = new GrapherFixture();
        fixture.Advance(60);
        fixture.Keepers[0].Report(Tick(1050));
        fixture.Keepers[1].Report(Tick(1010));
        fixture.StartStory(fixture.Story, [fixture.Keepers[0]]);
        fixture.Advance(0.2);
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1050)));
        fixture.StartStory(fixture.Story, []);
        fixture.Advance(0.2);
        Assert.That(WatermarkOf(fixture), Is.EqualTo(Tick(1050)), "a group without Keepers moves nothing");
    }

    [Test]
    public void A_keeper_cannot_move_the_watermark_beyond_now()
    {
        var fixture = new GrapherFixture();
        fixture.ReportAll(ulong.MaxValue);
        Assert.That(WatermarkOf(fixture), Is.LessThanOrEqualTo(fixture.Clock.Now).And.GreaterThan(Tick(999)));
    }

    [Test]
    public void A_keeper_that_was_never_written_to_holds_up_a_chunk_until_its_rings_were_read_that_far()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.Keepers[1].Report(Tick(1001));
        fixture.Advance(12);
        fixture.Keepers[0].Report(Tick(1012));
        fixture.Keepers[1].Report(null, others: Tick(1009));
        fixture.Advance(4);
        fixture.Call(
            fixture.Admin.Endpoint, Methods.StopStoryRecording,
            new StopStoryRecordingRequest { StoryId = fixture.Story.StoryId });
        fixture.Advance(4);
        Assert.That(fixture.Archived, Is.Empty, "a ring of the other Keeper may hold events from before 1010");
        fixture.Keepers[1].Report(null, others: Tick(1010));
        fixture.Advance(0.5);
        Assert.That(fixture.Archive.Taken.Single().Chunk.Complete, Is.True);
    }

    [Test]
    public void The_heartbeat_tells_what_is_warm_and_counts_every_stage()
    {
        var fixture = new GrapherFixture();
        fixture.Archive.Fail = call => call == 1 ? new IOException("once") : null;
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "abc"), (1002, 1, "d"));
        fixture.Advance(1.5);
        StoryTally tally = fixture.Heartbeat.Stories.Single();
        Assert.That((tally.StoryId, tally.Events, tally.Bytes), Is.EqualTo((fixture.Story.StoryId, 2UL, 4UL)));
        Assert.That(fixture.Heartbeat.Statistics["pulled_chunks"], Is.EqualTo(1));
        Assert.That(fixture.Heartbeat.Statistics["pulled_bytes"], Is.GreaterThan(128));
        Assert.That(fixture.Heartbeat.Statistics["held_bytes"], Is.EqualTo(fixture.Role.HeldBytes).And.GreaterThan(0));

        fixture.ReportAll(Tick(1010));
        fixture.Advance(20);
        tally = fixture.Heartbeat.Stories.Single();
        Assert.That((tally.Events, tally.Watermark), Is.EqualTo((0UL, Tick(1010))));
        Assert.That(fixture.Heartbeat.Statistics["archived_events"], Is.EqualTo(2));
        Assert.That(fixture.Heartbeat.Statistics["extraction_failures"], Is.EqualTo(1));
    }

    private static ulong WatermarkOf(GrapherFixture fixture)
    {
        fixture.Read(0, ulong.MaxValue);
        return fixture.Watermark;
    }
}

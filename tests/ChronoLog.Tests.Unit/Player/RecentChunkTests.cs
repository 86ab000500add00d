using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Player;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Tests.Unit.Playback;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Player;

public sealed class RecentChunkTests
{
    [Test]
    public void An_announced_chunk_is_kept_and_replayed_once()
    {
        var fixture = new PlayerFixture();
        List<TestEvent> events = TestEvent.Series(1_000);
        Announce(fixture, 1, events);
        Announce(fixture, 1, events);

        Assert.That(fixture.Bulk.Pulls, Is.EqualTo(1), "the second announcement is of the same chunk");
        Assert.That(fixture.Player.RecentBytes, Is.GreaterThan(1_000));
        Assert.That(fixture.Replay(ReadFixture.Request(10, 500)).Events, Is.EqualTo(events.Skip(10).Take(490)));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void The_oldest_is_evicted_within_the_budget()
    {
        long each = ColumnImage.RequiredBytes(100, TestEvent.Series(100, first: 1_000).Sum(e => e.Record.Length));
        var fixture = new PlayerFixture(options: new PlayerOptions { Name = "player-0", RecentBytesMax = 3 * each });
        for (ulong i = 0; i < 5; i++)
        {
            Announce(fixture, i + 1, TestEvent.Series(100, first: 1_000 + (i * 100)));
            Assert.That(fixture.Player.RecentBytes, Is.LessThanOrEqualTo(3 * each));
        }

        Assert.That(fixture.Replay().Events, Is.EqualTo(TestEvent.Series(300, first: 1_200)));
    }

    [Test]
    public void A_hot_storys_chunks_stay_and_a_cold_ones_never_come()
    {
        long each = ColumnImage.RequiredBytes(100, TestEvent.Series(100, first: 1_000).Sum(e => e.Record.Length));
        var fixture = new PlayerFixture(options: new PlayerOptions { Name = "player-0", RecentBytesMax = 3 * each });
        Announce(fixture, 1, TestEvent.Series(100, first: 1_000), tiering: "hot");
        Announce(fixture, 2, TestEvent.Series(100, first: 1_100), tiering: "cold");
        Announce(fixture, 3, TestEvent.Series(100, first: 1_200), tiering: "hot");
        Announce(fixture, 4, TestEvent.Series(100, first: 1_300));
        Announce(fixture, 5, TestEvent.Series(100, first: 1_400));
        Assert.That(
            fixture.Replay().Events,
            Is.EqualTo(TestEvent.Series(100, first: 1_000)
                .Concat(TestEvent.Series(100, first: 1_200)).Concat(TestEvent.Series(100, first: 1_400))),
            "the oldest that is not hot made room");

        Announce(fixture, 6, TestEvent.Series(100, first: 1_500), tiering: "hot");
        Announce(fixture, 7, TestEvent.Series(100, first: 1_600));
        Assert.That(fixture.Bulk.Pulls, Is.EqualTo(5), "where all is hot, no other comes in");
        Announce(fixture, 8, TestEvent.Series(100, first: 1_700), tiering: "hot");
        Assert.That(
            fixture.Replay().Events.Select(e => e.Time / 100).Distinct(), Is.EqualTo(new ulong[] { 12, 15, 17 }));
        Assert.That(fixture.Player.RecentBytes, Is.EqualTo(3 * each));
        fixture.ExpectNothingLeft();
    }

    [Test]
    public void What_does_not_fit_is_acknowledged_without_a_pull()
    {
        var fixture = new PlayerFixture(options: new PlayerOptions { Name = "player-0", RecentBytesMax = 500 });
        Announce(fixture, 1, TestEvent.Series(100));
        Assert.That(fixture.Bulk.Pulls, Is.Zero);
        Assert.That(fixture.Player.RecentBytes, Is.Zero);
    }

    [Test]
    public void A_chunk_of_another_story_is_refused()
    {
        var fixture = new PlayerFixture();
        Assert.That(
            () => Announce(fixture, 1, TestEvent.Series(10), imageStory: 4_711),
            Throws.InstanceOf<ChronoLogException>().With.Message.Contain("4711"));
        Assert.That(fixture.Player.RecentBytes, Is.Zero);
        Assert.That(fixture.Bulk.BytesRented, Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_destroyed_story_is_forgotten(bool byNotice)
    {
        var fixture = new PlayerFixture();
        Announce(fixture, 1, TestEvent.Series(10));
        fixture.Cold.Events.AddRange(TestEvent.Series(10));
        if (byNotice)
        {
            fixture.Admin(
                Methods.StoryFileAppeared, new StoryFileNotice { Story = PlayerFixture.Story, Destroyed = true });
        }
        else
        {
            fixture.Admin(Methods.DestroyStoryData, new DestroyStoryRequest { Story = PlayerFixture.Story });
        }

        Assert.That(fixture.Replay().Events, Is.Empty);
        Assert.That(fixture.Player.RecentBytes, Is.Zero);
    }

    [Test]
    public void A_story_destroyed_during_the_pull_does_not_come_back()
    {
        var fixture = new PlayerFixture();
        bool destroyed = false;
        fixture.Bulk.BeforePull = async _ =>
        {
            destroyed = true;
            await fixture.Rpc.Open(AdminEndpoint(fixture)).CallAsync(
                Methods.DestroyStoryData,
                new DestroyStoryRequest { Story = PlayerFixture.Story },
                TimeSpan.FromSeconds(1));
        };
        Announce(fixture, 1, TestEvent.Series(10));
        Assert.That(destroyed, Is.True);
        Assert.That(fixture.Player.RecentBytes, Is.Zero);
    }

    [Test]
    public void Heartbeats_tell_what_is_cold_and_what_was_served()
    {
        var fixture = new PlayerFixture();
        fixture.Cold.Events.AddRange(TestEvent.Series(123));
        fixture.Replay();
        fixture.Pump.Advance(TimeSpan.FromSeconds(3.5));

        HeartbeatRequest last = fixture.Heartbeats[^1];
        Assert.That(last.Stories, Has.Count.EqualTo(1));
        Assert.That(last.Stories[0].StoryId, Is.EqualTo(ReadFixture.Story));
        Assert.That(last.Stories[0].Events, Is.EqualTo(123));
        Assert.That(last.Statistics["events_served"], Is.EqualTo(123));
        Assert.That(last.Statistics["cold_files"], Is.EqualTo(1));
        Assert.That(fixture.Cold.Refreshes, Is.Zero);
        fixture.Pump.Advance(TimeSpan.FromSeconds(60));
        Assert.That(fixture.Cold.Refreshes, Is.EqualTo(2).Within(1));
    }

    [Test]
    public void A_notice_of_a_StoryFile_reaches_the_archive()
    {
        var fixture = new PlayerFixture();
        fixture.Admin(
            Methods.StoryFileAppeared, new StoryFileNotice { Story = PlayerFixture.Story, Path = "/archive/c/s/x.h5" });
        Assert.That(fixture.Cold.Notices, Is.EqualTo(new[] { "/archive/c/s/x.h5" }));
    }

    private static string AdminEndpoint(PlayerFixture fixture) =>
        fixture.Rpc.Calls.Last(call => call.Method == Methods.AnnounceChunk.Name).Endpoint;

    private static void Announce(
        PlayerFixture fixture, ulong sequence, List<TestEvent> events, ulong imageStory = ReadFixture.Story,
        string tiering = "normal")
    {
        StoryDescriptor story = PlayerFixture.Story;
        story.Attributes["tiering"] = tiering;
        InMemoryBulk sender = fixture.Grapher.Bulk;
        EventRun run = TestEvent.ToRun(events);
        Slab slab = sender.TryRent((int)ColumnImage.RequiredBytes(run.Count, run.RecordBytes))!;
        using MergeCursor merge = MergeCursor.Over([run]);
        int length = ColumnImage.Write(slab.Span, new ColumnImageHeader(imageStory, 0, ulong.MaxValue), merge);
        using IExposure exposure = sender.Expose(slab, length, Crc32C.Compute(slab.Span[..length]));
        slab.Release();
        run.Release();
        fixture.Admin(Methods.AnnounceChunk, new AnnounceChunkRequest
        {
            Story = story,
            Partial = new PartialIdentity { ProcessId = 5, Epoch = 1, Sequence = sequence },
            EndTime = ulong.MaxValue,
            EventCount = (uint)events.Count,
            Image = exposure.Descriptor,
            Complete = true,
        });
    }
}

using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using static ChronoLog.Tests.Unit.Grapher.TestKeeper;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>Budgets, and the ends of stories and processes.</summary>
public sealed class GrapherPressureTests
{
    [Test]
    public void Beyond_the_budget_pulls_wait_until_something_is_archived()
    {
        var fixture = new GrapherFixture(options => options with { HeldBytesMax = 8000 });
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Archive.Gate = () => new ValueTask(open.Task);
        Task<ExtractionReceipt>[] announcements =
        [
            .. Enumerable.Range(0, 6).Select(i => fixture.Keepers[0].Begin(NewPartial(fixture, 1000 + i))),
        ];
        int taken = announcements.Count(task => task.IsCompleted);
        Assert.That(taken, Is.InRange(2, 4), "some 2 KB each");
        Assert.That(fixture.Role.HeldBytes, Is.LessThanOrEqualTo(8000));
        Assert.That(fixture.Bulk.Pulls, Is.EqualTo(taken));

        open.SetResult();
        fixture.Advance(2);
        Assert.That(announcements.Select(task => task.IsCompletedSuccessfully), Is.All.True);
        Assert.That(fixture.Role.Statistics.ForcedChunks, Is.GreaterThan(0), "no window had passed");
        fixture.ReportAll(Tick(1100));
        fixture.Advance(60);
        Assert.That(fixture.Archived, Has.Count.EqualTo(6 * 20).And.Unique);
        Assert.That(fixture.Keepers[0].Archived.Order(), Is.EqualTo(new ulong[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(fixture.Role.HeldBytes, Is.Zero);
    }

    [Test]
    public void A_full_journal_gets_its_chunks_archived_before_their_windows_pass()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(NewPartial(fixture, 1000));
        fixture.Keepers[0].Report(through: null);
        fixture.Advance(1);
        Assert.That(fixture.Archived, Is.Empty, "its window has not passed");

        fixture.Keepers[0].Report(through: null, journalFull: true);
        fixture.Advance(1);

        Assert.That(fixture.Archived, Has.Count.EqualTo(20).And.Unique);
        Assert.That(fixture.Keepers[0].Archived, Is.EqualTo(new ulong[] { 1 }));
    }

    [Test]
    public void A_sender_that_stops_waiting_for_room_gives_its_place_back()
    {
        var fixture = new GrapherFixture(options => options with { HeldBytesMax = 3000 });
        fixture.Archive.Gate = () => new ValueTask(new TaskCompletionSource().Task);
        fixture.Keepers[0].Announce(NewPartial(fixture, 1000));
        Task<ExtractionReceipt> waiting = fixture.Keepers[0].Begin(NewPartial(fixture, 1001));
        fixture.Advance(11);
        Assert.That(waiting.IsFaulted, Is.True, "its deadline has passed");
        Assert.That(fixture.Role.HeldBytes, Is.LessThanOrEqualTo(3000));
        Assert.That(fixture.Network.Exposures, Is.Zero);
    }

    [Test]
    public void Events_stay_in_ordinary_memory_when_registered_memory_is_short()
    {
        var roomy = new GrapherFixture();
        roomy.Keepers[0].Announce(NewPartial(roomy, 1000));
        Assert.That(roomy.Bulk.BytesRented, Is.GreaterThan(0), "the slab itself holds the events");

        var tight = new GrapherFixture(bulkBudget: 3000);
        for (int i = 0; i < 5; i++)
        {
            tight.Keepers[0].Announce(NewPartial(tight, 1000 + i));
        }

        Assert.That(tight.Bulk.BytesRented, Is.LessThanOrEqualTo(1500));
        Assert.That(tight.Role.Statistics.CollectedEvents, Is.EqualTo(100));
        tight.ReportAll(Tick(1020));
        tight.Advance(20);
        Assert.That(tight.Archived, Has.Count.EqualTo(100));
    }

    [Test]
    public void Limits_of_announcements_and_stories_are_stated()
    {
        var fixture = new GrapherFixture(
            options => options with { AnnouncementsMax = 2, CollectionStreams = 1, StoriesMax = 1 });
        fixture.Bulk.BeforePull = _ => new ValueTask(new TaskCompletionSource().Task);
        Task<ExtractionReceipt>[] announcements =
        [
            .. Enumerable.Range(0, 4).Select(i => fixture.Keepers[0].Begin(NewPartial(fixture, 1000 + i))),
        ];
        Assert.That(announcements.Select(task => task.IsFaulted), Is.EqualTo(new[] { false, false, false, true }));
        Assert.That(announcements[3].Exception!.InnerException!.Message, Does.Contain("2 announcements wait"));
        ChronoLogException error =
            Assert.Throws<ChronoLogException>(() => fixture.StartStory(TestChunks.Story("c", "other")))!;
        Assert.That(error.Status, Is.EqualTo(Status.LimitExceeded));
    }

    [Test]
    public void A_destroyed_story_leaves_nothing_and_what_is_announced_of_it_is_let_go()
    {
        var fixture = new GrapherFixture();
        RetiredChunk partial = fixture.Keepers[0].NewPartial(1000, 1010, (1001, 1, "a"));
        fixture.Keepers[0].Announce(partial);
        fixture.DestroyStory();

        Assert.That(fixture.Destroyed.Single(), Is.EqualTo(fixture.Story));
        Assert.That(fixture.PlayerNotices.Single().Destroyed, Is.True);
        Assert.That(fixture.Role.HeldBytes, Is.Zero);
        Assert.That(fixture.Keepers[0].Announce(partial).IsArchived, Is.True);
        Assert.That(fixture.Keepers[0].Announce(1000, 1010, (1002, 1, "b")).IsArchived, Is.True);
        fixture.ReportAll(Tick(1020));
        fixture.Advance(60);
        Assert.That(fixture.Archived, Is.Empty);

        Assert.That(
            () => fixture.StartStory(fixture.Story),
            Throws.TypeOf<ChronoLogException>().With.Property(nameof(ChronoLogException.Status)).EqualTo(Status.NotExist),
            "the message was late: a new story of that name has another id");
        fixture.StartStory(TestChunks.Story(incarnation: 1));
    }

    [Test]
    public void What_a_keeper_announces_of_a_destroyed_story_is_dropped_with_its_files()
    {
        var fixture = new GrapherFixture(starts: false);
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.Advance(1.5);
        Assert.That(fixture.Heartbeat.UnconfirmedStories.Single().Name, Is.EqualTo(fixture.Story.Name));
        fixture.Known = [fixture.Story];
        fixture.Advance(2);
        Assert.That(fixture.Heartbeat.UnconfirmedStories, Is.Empty);
        Assert.That(fixture.Destroyed, Is.Empty);

        StoryDescriptor gone = TestChunks.Story(incarnation: 7);
        fixture.Keepers[0].Announce(fixture.Keepers[0].NewPartial(gone, 1000, 1010, (1001, 1, "b")));
        fixture.Advance(3);
        Assert.That(fixture.Destroyed, Is.EqualTo(new[] { gone }));
        Assert.That(fixture.Read(0, ulong.MaxValue), Has.Count.EqualTo(1), "the other stays");
    }

    [Test]
    public void Destruction_waits_for_the_extractor_and_only_then_deletes_files()
    {
        var fixture = new GrapherFixture();
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Archive.Gate = () => new ValueTask(open.Task);
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1020));
        fixture.Advance(16);
        Task destruction = fixture.Peers.InvokeAsync(() => fixture.Rpc.Open(fixture.Admin.Endpoint).CallAsync(
            Methods.DestroyStoryData, new DestroyStoryRequest { Story = fixture.Story }, TimeSpan.FromMinutes(1)));
        fixture.Pump.Settle();
        Assert.That(fixture.Destroyed, Is.Empty);
        open.SetResult();
        fixture.Pump.Complete(destruction);
        Assert.That(fixture.Destroyed, Has.Count.EqualTo(1));
        Assert.That(fixture.Archive.Taken, Has.Count.EqualTo(1));
        Assert.That(fixture.Keepers[0].Archived, Is.Empty);
    }

    [Test]
    public void Draining_archives_all_that_is_held_whatever_the_windows()
    {
        var fixture = new GrapherFixture();
        fixture.Keepers[0].Announce(1000, 1020, (1001, 1, "a"), (1011, 1, "b"));
        Task<bool> drain = fixture.Strand.InvokeAsync(() => fixture.Role.DrainAsync(TimeSpan.FromSeconds(30)));
        fixture.Pump.Settle();
        fixture.Keepers[1].Announce(1010, 1020, (1012, 2, "while draining"));
        Assert.That(fixture.Pump.Complete(drain), Is.True);
        Assert.That(fixture.Archived, Has.Count.EqualTo(3));
        Assert.That(fixture.Role.Unarchived, Is.Null);
        Assert.That((fixture.Keepers[0].Archived.Count, fixture.Keepers[1].Archived.Count), Is.EqualTo((1, 1)));
        Assert.That(fixture.Clock.Now, Is.LessThan(Tick(1005)));

        RetiredChunk more = fixture.Keepers[0].NewPartial(1010, 1020, (1013, 1, "too late"));
        Assert.That(
            Assert.Throws<ChronoLogException>(() => fixture.Keepers[0].Announce(more))!.Message,
            Does.Contain("stopping"));
        fixture.Pump.Run(fixture.Strand, () => fixture.Role.StopAsync());
    }

    [Test]
    public void Draining_waits_for_Keepers_that_it_may_not_know_of_yet()
    {
        var fixture = new GrapherFixture();
        fixture.StartStory(fixture.Story, keepers: []);
        Task<bool> drain = fixture.Strand.InvokeAsync(() => fixture.Role.DrainAsync(TimeSpan.FromSeconds(30)));
        fixture.Pump.Settle();
        fixture.StartStory(fixture.Story, fixture.Keepers);
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "of a Keeper that registered just now"));
        Assert.That(fixture.Pump.Complete(drain), Is.True);
        Assert.That(fixture.Archived, Has.Count.EqualTo(1));
        fixture.Pump.Run(fixture.Strand, () => fixture.Role.StopAsync());
    }

    [Test]
    public void Draining_outlives_Keepers_that_drain_however_long_they_are_silent()
    {
        var fixture = new GrapherFixture();
        fixture.Draining.Add(fixture.Keepers[0].Identity.ProcessId);
        fixture.StartStory(fixture.Story, fixture.Keepers);
        Task<bool> drain = fixture.Strand.InvokeAsync(() => fixture.Role.DrainAsync(TimeSpan.FromSeconds(60)));
        fixture.Advance(10);
        Assert.That(drain.IsCompleted, Is.False);
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "it had to find the Grapher first"));
        fixture.Advance(5);
        Assert.That(fixture.Keepers[0].Archived, Has.Count.EqualTo(1), "it leaves when it knows that, and the Grapher then");
        Assert.That(drain.IsCompleted, Is.False);

        fixture.Draining.Clear();
        fixture.StartStory(fixture.Story, [fixture.Keepers[1]]);
        Assert.That(fixture.Pump.Complete(drain), Is.True);
        fixture.Pump.Run(fixture.Strand, () => fixture.Role.StopAsync());
    }

    [Test]
    public void Draining_gives_up_at_its_deadline()
    {
        var fixture = new GrapherFixture();
        fixture.Archive.Fail = _ => new IOException("broken");
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        Assert.That(fixture.Pump.Run(fixture.Strand, () => fixture.Role.DrainAsync(TimeSpan.FromSeconds(5))), Is.False);
        Assert.That(fixture.Role.Unarchived, Does.StartWith("1 events of stories "));
        Assert.That(fixture.Keepers[0].Archived, Is.Empty);
        fixture.Pump.Run(fixture.Strand, () => fixture.Role.StopAsync());
    }

    private static RetiredChunk NewPartial(GrapherFixture fixture, double startSecond) => fixture.Keepers[0].NewPartial(
        TestChunks.Chunk(fixture.Story, Tick(startSecond), Tick(startSecond + 1), count: 20, recordBytes: 50));
}

using ChronoLog.Core.Protocol;
using static ChronoLog.Tests.Unit.Grapher.TestKeeper;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>What outlives a Grapher of a story's watermark: all that is archived, and nothing more.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecordedWatermarkTests
{
    private readonly MemoryWatermarks store = new();

    [Test]
    public void An_older_chunk_that_is_still_open_holds_it_back()
    {
        GrapherFixture fixture = NewFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1035));
        fixture.Keepers[0].Announce(1020, 1030, (1021, 1, "b"));
        fixture.Advance(17);
        Assert.That(fixture.Archived, Has.Count.EqualTo(1));
        Assert.That(store.Written.Last(), Is.LessThanOrEqualTo(Tick(1020)), "[1020, 1030) is open");
        Assert.That(store.Written.Last(), Is.GreaterThanOrEqualTo(Tick(1010)));
    }

    [Test]
    public void A_chunk_that_is_not_archived_holds_it_back_and_a_newer_one_that_is_does_not_matter()
    {
        GrapherFixture fixture = NewFixture();
        fixture.Archive.Fail = call => call == 1 || fixture.Archive.Calls < 4 ? new IOException("full") : null;
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1012));
        fixture.Advance(15.2);
        Assert.That(fixture.Archived, Is.Empty);
        Assert.That(store.Written.Where(tick => tick > Tick(1000)), Is.Empty);
        fixture.Advance(30);
        Assert.That(fixture.Archived, Has.Count.EqualTo(1));
        Assert.That(store.Written.Last(), Is.EqualTo(Tick(1012)));
    }

    [Test]
    public void A_grapher_that_starts_again_states_it_before_any_keeper_has_reported()
    {
        GrapherFixture first = NewFixture();
        first.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        first.ReportAll(Tick(1010));
        first.Advance(17);
        Assert.That(store.Written.Last(), Is.EqualTo(Tick(1010)));

        GrapherFixture second = NewFixture();
        second.Read(0, ulong.MaxValue);
        Assert.That(second.Watermark, Is.EqualTo(Tick(1010)));
        second.Advance(3);
        Assert.That(second.Heartbeat.Stories.Single().Watermark, Is.EqualTo(Tick(1010)));
    }

    [Test]
    public void It_is_stated_of_a_story_that_nobody_records()
    {
        StoryDescriptor idle = TestDescriptor("idle");
        Assert.That(store.WriteAsync(idle, 77).AsTask().Result, Is.True);
        GrapherFixture fixture = NewFixture();
        var request = new OpenReadRequest { Story = idle, EndTime = ulong.MaxValue, ClientId = 1 };
        Assert.That(fixture.Call(fixture.Admin.Endpoint, Methods.OpenRead, request).Watermark, Is.EqualTo(77));
    }

    [Test]
    public void What_comes_late_takes_it_back_until_it_is_archived()
    {
        GrapherFixture fixture = NewFixture();
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1020));
        fixture.Advance(18);
        Assert.That(store.Written.Last(), Is.EqualTo(Tick(1018)).Within(Tick(3)));
        bool isHeld = true;
        fixture.Archive.Fail = _ => isHeld ? new IOException("full") : null;
        fixture.Keepers[1].Announce(1000, 1010, (1002, 2, "late"));
        fixture.Advance(2);
        Assert.That(store.Written.Last(), Is.EqualTo(Tick(1000)), "its chunk is not archived");
        isHeld = false;
        fixture.Advance(30);
        Assert.That(store.Written.Last(), Is.EqualTo(Tick(1020)));
    }

    [Test]
    public void A_write_that_failed_is_repeated_and_counted()
    {
        GrapherFixture fixture = NewFixture();
        store.IsFull = true;
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1010));
        fixture.Advance(20);
        Assert.That(fixture.Heartbeat.Statistics["watermark_failures"], Is.Positive);
        store.IsFull = false;
        fixture.Advance(2);
        Assert.That(store.Written.Last(), Is.EqualTo(Tick(1010)));
    }

    [Test]
    public void It_is_not_written_more_often_than_once_a_period()
    {
        GrapherFixture fixture = NewFixture();
        for (int second = 1000; second < 1010; second++)
        {
            fixture.ReportAll(Tick(second));
            fixture.Advance(1);
        }

        Assert.That(store.Written, Has.Count.LessThanOrEqualTo(1), "nothing was archived");
    }

    [Test]
    public void A_story_is_destroyed_only_after_the_write_that_is_under_way()
    {
        GrapherFixture fixture = NewFixture();
        store.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1010));
        fixture.Advance(17);
        Task destroying = fixture.Peers.InvokeAsync(async () => await fixture.Rpc.Open(fixture.Admin.Endpoint).CallAsync(
            Methods.DestroyStoryData, new DestroyStoryRequest { Story = fixture.Story }, TimeSpan.FromSeconds(30)));
        fixture.Pump.Settle();
        Assert.That(fixture.Destroyed, Is.Empty);
        store.Gate.SetResult();
        fixture.Advance(0.1);
        Assert.That(fixture.Destroyed, Has.Count.EqualTo(1));
        Assert.That(destroying.IsCompletedSuccessfully, Is.True);
    }

    private GrapherFixture NewFixture() => new(watermarks: store);

    private static StoryDescriptor TestDescriptor(string story) => new()
    {
        Chronicle = "c", Story = story, StoryId = ChronoLog.Core.Model.StoryIdentity.Hash("c", story),
    };
}

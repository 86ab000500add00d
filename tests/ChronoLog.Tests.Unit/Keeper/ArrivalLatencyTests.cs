using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>How long events are on their way to the Keeper, and what the ATW makes of it.</summary>
internal sealed class ArrivalLatencyTests
{
    private const ulong Millisecond = 1_000_000;

    [TestCase(false, 0.120)]
    [TestCase(true, 0.010, Description = "with times of its users' own nothing is known of the way: the floor")]
    public void TheWindowIsTwiceTheWayOfEventsThatWereRecordedAtTheirTicks(bool ownTimes, double expectedSeconds)
    {
        using KeeperHarness keeper = new KeeperHarness(options => options with
        {
            AtwFloor = TimeSpan.FromMilliseconds(10), AtwCeiling = TimeSpan.FromSeconds(1),
        }).Started();
        keeper.Latency.Add(1);
        StoryDescriptor story = KeeperHarness.Story("story");
        story.OwnTimes = ownTimes;
        keeper.CallAdmin(Methods.StartStoryRecording, new StartStoryRecordingRequest { Story = story });
        FakeRing ring = keeper.OpenRing();
        for (uint i = 0; i < 50; i++)
        {
            ring.Record(story.StoryId, keeper.Clock.Now - (60 * Millisecond), i, "on its way");
            keeper.Role.IngestionAgents[0].DoWork();
            keeper.Pass(TimeSpan.FromMilliseconds(100));
        }

        keeper.Pass(TimeSpan.FromMilliseconds(500));
        Assert.That(
            keeper.LastHeartbeat!.Statistics["atw_seconds"], Is.EqualTo(expectedSeconds).Within(0.02), "the fixture passes 5 ms at a time");
    }
}

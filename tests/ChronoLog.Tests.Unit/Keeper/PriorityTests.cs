using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>Chronicles of type <c>priority</c>, and those with tiering <c>cold</c>, at a Keeper.</summary>
internal sealed class PriorityTests
{
    private const ulong Now = KeeperHarness.Start;

    [Test]
    public void ARingWithPriorityEventsIsEmptiedFirstAndOthersGoOn()
    {
        // Batches of a few frames, so that a cycle does not empty everything.
        using KeeperHarness keeper = new KeeperHarness(options => options with { BatchBytes = 4096 }).Started();
        StoryDescriptor standard = Start(keeper, "standard", "type", "standard");
        StoryDescriptor priority = Start(keeper, "priority", "type", "priority");
        FakeRing[] others = [.. Enumerable.Range(0, 3).Select(client => keeper.OpenRing((ulong)client + 10))];
        FakeRing urgent = keeper.OpenRing(client: 5);
        foreach (FakeRing ring in others.Append(urgent))
        {
            StoryDescriptor story = ring == urgent ? priority : standard;
            for (uint i = 0; i < 2000; i++)
            {
                ring.Record(story.StoryId, Now + i, i, "0123456789abcdef");
            }
        }

        int cycles = 0;
        long slowest = 0;
        for (; urgent.Consumed < urgent.Tail; cycles++)
        {
            keeper.Role.IngestionAgents[0].DoWork();
            slowest = others.Min(ring => ring.Consumed);
            Assert.That(slowest, Is.GreaterThan(0), "everyone has a turn in each cycle");
        }

        double share = (double)urgent.Consumed / slowest;
        Assert.That(share, Is.InRange(3.5, PriorityLanes<int>.PriorityRun + 1.5), $"after {cycles} cycles");
    }

    [Test]
    public void PriorityChunksAreHandedOverFirst()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        StoryDescriptor[] standard =
            [.. Enumerable.Range(0, 6).Select(i => Start(keeper, $"standard {i}", "type", "standard"))];
        StoryDescriptor priority = Start(keeper, "priority", "type", "priority");
        FakeRing ring = keeper.OpenRing();
        uint index = 0;
        foreach (StoryDescriptor story in standard.Append(priority))
        {
            ring.Record(story.StoryId, Now, index++, story.Story);
        }

        keeper.Pass(TimeSpan.FromSeconds(4));

        Assert.That(keeper.Extractor.Chunks, Has.Count.EqualTo(7));
        Assert.That(keeper.Extractor.Chunks[0].Story.Story, Is.EqualTo("priority"));
    }

    [Test]
    public void AColdStoryRetiresEarly()
    {
        using KeeperHarness keeper = new KeeperHarness(options => options with
        {
            AcceptanceWindow = TimeSpan.FromSeconds(20),
        }).Started();
        StoryDescriptor normal = Start(keeper, "normal", "tiering", "normal");
        StoryDescriptor cold = Start(keeper, "cold", "tiering", "cold");
        FakeRing ring = keeper.OpenRing();
        ring.Record(normal.StoryId, Now, 0, "normal");
        ring.Record(cold.StoryId, Now, 1, "cold");

        keeper.Pass(TimeSpan.FromSeconds(8));
        Assert.That(keeper.Extractor.Chunks.Select(chunk => chunk.Story.Story), Is.EqualTo(["cold"]));

        keeper.Pass(TimeSpan.FromSeconds(16));
        Assert.That(keeper.Extractor.Chunks.Select(chunk => chunk.Story.Story), Is.EqualTo(["cold", "normal"]));
    }

    private static StoryDescriptor Start(KeeperHarness keeper, string name, string key, string value)
    {
        StoryDescriptor story = KeeperHarness.Story(name);
        story.Attributes[key] = value;
        keeper.CallAdmin(Methods.StartStoryRecording, new StartStoryRecordingRequest { Story = story });
        return story;
    }
}

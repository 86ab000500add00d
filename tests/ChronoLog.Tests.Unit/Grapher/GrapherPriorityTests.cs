using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using static ChronoLog.Tests.Unit.Grapher.TestKeeper;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>Chronicles of type <c>priority</c> and with tiering <c>cold</c> at a Grapher under load.</summary>
public sealed class GrapherPriorityTests
{
    [Test]
    public void Priority_chunks_are_pulled_before_those_that_wait_longer()
    {
        // The budget has room for one chunk at a time, and the archive is closed: everything waits.
        var fixture = new GrapherFixture(options => options with { HeldBytesMax = 3000, CollectionStreams = 1 });
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Archive.Gate = () => new ValueTask(gate.Task);
        StoryDescriptor urgent = TestChunks.Story("urgent", "s");
        urgent.Attributes["type"] = "priority";
        fixture.StartStory(urgent);
        TestKeeper keeper = fixture.Keepers[0];
        var announced = new List<(string Name, Task<ExtractionReceipt> Task)>();
        for (int i = 0; i < 8; i++)
        {
            announced.Add(($"s{i}", keeper.Begin(Chunk(fixture.Story, i))));
        }

        for (int i = 8; i < 11; i++)
        {
            announced.Add(($"p{i}", keeper.Begin(Chunk(urgent, i))));
        }

        gate.SetResult();
        var order = new List<string>();
        for (int step = 0; step < 400 && order.Count < announced.Count; step++)
        {
            fixture.Advance(0.05);
            order.AddRange(announced.Where(each => each.Task.IsCompleted).Select(each => each.Name).Except(order).ToList());
        }

        Assert.That(order, Has.Count.EqualTo(announced.Count), "those without priority come too");
        int lastUrgent = order.FindLastIndex(name => name[0] == 'p');
        Assert.That(lastUrgent, Is.LessThanOrEqualTo(5), string.Join(' ', order));
    }

    [Test]
    public void A_cold_story_is_archived_before_its_window_has_passed()
    {
        var fixture = new GrapherFixture(options => options with { AcceptanceWindow = TimeSpan.FromSeconds(40) });
        StoryDescriptor cold = TestChunks.Story("cold", "s");
        cold.Attributes["tiering"] = "cold";
        fixture.StartStory(cold);
        fixture.Keepers[0].Announce(Chunk(fixture.Story, 0));
        fixture.Keepers[0].Announce(Chunk(cold, 1));
        foreach (TestKeeper keeper in fixture.Keepers)
        {
            var request = new DrainProgressRequest { ProcessId = keeper.Identity.ProcessId, Epoch = keeper.Identity.Epoch };
            request.Stories.AddRange(new[] { fixture.Story, cold }.Select(story => new StoryProgress
            {
                StoryId = story.StoryId, DrainedThrough = Tick(2000),
            }));
            fixture.Call(fixture.Drain.Endpoint, Methods.DrainProgress, request);
        }

        fixture.Advance(25); // the chunk ended at 1010, a quarter of the window later is 1020

        Assert.That(fixture.Archive.Taken.Select(taken => taken.Chunk.Story.Chronicle), Is.EqualTo(["cold"]));
        fixture.Advance(30);
        Assert.That(fixture.Archive.Taken, Has.Count.EqualTo(2));
    }

    private static RetiredChunk Chunk(StoryDescriptor story, int number) => TestChunks.Partial(
        story, TestChunks.Chunk(story, Tick(1000), Tick(1010), 20, 50), sequence: (ulong)number + 1);
}

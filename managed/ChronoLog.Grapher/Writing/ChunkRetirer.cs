using ChronoLog.Core.Chunk;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Collection;
using ChronoLog.Grapher.Stories;

namespace ChronoLog.Grapher.Writing;

/// <summary>Decides which chunks leave their pipelines. On the role's strand.</summary>
internal sealed class ChunkRetirer(
    StoryTable stories,
    StoryWriter writer,
    HeldMemory memory,
    IBaseClock clock,
    ulong holdNanoseconds,
    GroupWindow window,
    Func<GroupView?> view,
    GrapherStatistics statistics)
{
    private readonly HashSet<ulong> wanted = [];
    private bool isHurried;

    /// <summary>
    /// A Keeper's journal is full, and is freed only by what gets archived: once, windows do not count.
    /// </summary>
    public void Hurry() => isHurried = true;

    /// <summary>Somebody waits until these stories are archived: once, their windows do not count.</summary>
    public void Want(IEnumerable<ulong> storyIds) => wanted.UnionWith(storyIds);

    /// <summary>Retires what is due, and moves the watermarks.</summary>
    public void Retire()
    {
        GroupView? current = view();
        ulong open = window.Of(current);
        int retired = 0;
        foreach (GrapherStory story in stories.All)
        {
            story.Pipeline.AcceptanceWindowNanoseconds = story.IsCold ? PipelineWindows.Early(open) : open;
            story.UpdateWatermark(current, clock.Now);
            retired += Write(story, wanted.Contains(story.Descriptor.StoryId)
                ? story.RetireAll()
                : story.Retire(clock.Now, current, holdNanoseconds));
        }

        if (retired == 0 && (memory.Waiting > 0 || isHurried) && writer.Unarchived == 0)
        {
            RelievePressure();
        }

        isHurried = false;
        wanted.Clear();
    }

    /// <summary>Retires everything: the process stops.</summary>
    public void RetireAll()
    {
        foreach (GrapherStory story in stories.All)
        {
            Write(story, story.RetireAll());
        }
    }

    // The budget is full and pulls wait, or a journal is full and its rings are not emptied, so that its Keeper cannot
    // say through which tick it drained; and nothing is on its way out: waiting for windows would stop every Keeper of
    // the group for as long, and what a chunk waits for may itself be waiting to be pulled. So the oldest chunk of the
    // largest story goes early; what still comes for its range goes into a supplementary one.
    private void RelievePressure()
    {
        GrapherStory? largest =
            stories.All.Where(story => story.OldestOpen is not null).MaxBy(story => story.WarmBytes);
        if (largest is not null)
        {
            statistics.ForcedChunks += Write(largest, largest.RetireOldest());
        }
    }

    private int Write(GrapherStory story, List<StoryChunk> chunks)
    {
        ulong drained = story.Drained.Through(view());
        foreach (StoryChunk chunk in chunks)
        {
            writer.Write(story, chunk, drained);
        }

        return chunks.Count;
    }
}

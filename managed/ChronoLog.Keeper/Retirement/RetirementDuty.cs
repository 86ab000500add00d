using ChronoLog.Core.Chunk;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Time;
using ChronoLog.Keeper.Stories;

namespace ChronoLog.Keeper.Retirement;

/// <summary>
/// Moves chunks whose window has passed from the pipelines into the ledger, and knows through which tick each story was
/// handed over. On the role's strand.
/// </summary>
public sealed class RetirementDuty(
    KeeperOptions options, StoryTable stories, HandoverLedger ledger, RegistryClient registry, IBaseClock clock,
    AcceptanceTimeWindow acceptance)
{
    private readonly List<StoryChunk> extracted = [];
    private ulong settled;

    /// <summary>The acceptance window in force.</summary>
    public ulong AcceptanceWindowNanoseconds =>
        options.FollowsNetwork ? acceptance.Nanoseconds : (ulong)options.AcceptanceWindow.TotalNanoseconds;

    /// <summary>Retires what is due.</summary>
    /// <param name="now">
    /// ChronoTick from before the rings were fenced: whatever the clients had recorded by then is in the pipelines.
    /// </param>
    /// <param name="isFenced">False when the rings still hold older events: then nothing is stated as drained.</param>
    public void Retire(ulong now, bool isFenced)
    {
        ulong window = AcceptanceWindowNanoseconds;

        // Priority stories' chunks are queued before others'.
        foreach (KeeperStory story in stories.InOrder)
        {
            story.Pipeline.AcceptanceWindowNanoseconds = story.IsCold ? PipelineWindows.Early(window) : window;
            story.Pipeline.ExtractRetired(now, extracted);
            Hand(story);
            if (isFenced)
            {
                Advance(story, now);
            }
        }

        if (isFenced && now > window)
        {
            settled = Math.Max(settled, now - window);
        }
    }

    /// <summary>
    /// A story that is not here now has no event below this tick here, nor will it get one in time: every ring was read, and
    /// the window has passed.
    /// </summary>
    public ulong SettledThrough => settled;

    /// <summary>Retires everything of a story at once, whatever its window: recording ended.</summary>
    public void RetireAll(KeeperStory story)
    {
        story.Pipeline.FinalizeChunks(extracted);
        Hand(story);
    }

    /// <summary>
    /// What the Grapher needs to know: for each story, through which tick it has everything of this Keeper's. Of a story
    /// that is not in the report, nothing is left here that was recorded a window before the rings were last read: one
    /// that has just been acquired again may have events in a ring.
    /// </summary>
    public DrainProgressRequest Progress()
    {
        var request = new DrainProgressRequest
        {
            ProcessId = registry.ProcessId,
            Epoch = registry.Identity.Epoch,
            DrainedThrough = SettledThrough,
            AcceptanceTimeWindowNanoseconds = acceptance.Nanoseconds,
        };
        foreach (KeeperStory story in stories.All)
        {
            request.Stories.Add(new StoryProgress { StoryId = story.StoryId, DrainedThrough = story.DrainedThrough });
        }

        return request;
    }

    /// <summary>Another Grapher starts without what the old one had in memory.</summary>
    /// <param name="epoch">The new one's.</param>
    public void Restart(ulong epoch)
    {
        ledger.AnnounceAllAgain(epoch);
        foreach (KeeperStory story in stories.All)
        {
            story.DrainedThrough = 0;
            Advance(story, clock.Now);
        }
    }

    private void Hand(KeeperStory story)
    {
        foreach (StoryChunk chunk in extracted)
        {
            ledger.Add(story, chunk, registry.ProcessId, registry.Identity.Epoch);
        }

        extracted.Clear();
    }

    // A finalized pipeline may have retired through a tick that is still to come: never further than now.
    private static void Advance(KeeperStory story, ulong now)
    {
        ulong through = Math.Min(story.Pipeline.RetiredThrough, now);
        foreach (RetainedChunk chunk in story.Retained)
        {
            if (chunk.State != RetainedState.HandedOver)
            {
                through = Math.Min(through, chunk.Chunk.StartTime);
            }
        }

        story.DrainedThrough = Math.Max(story.DrainedThrough, through);
    }
}

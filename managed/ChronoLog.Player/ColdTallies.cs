using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Player;

/// <summary>
/// What is archived of each known story, counted beside the role: headers of files not seen before are read from disk,
/// story by story on a read strand, and the last complete count is what a heartbeat reports.
/// </summary>
internal sealed class ColdTallies(
    IColdTier cold, ITimers timers, Strand? strand, PlayerOptions options, ILogger logger)
{
    private readonly Dictionary<ulong, StoryDescriptor> stories = [];
    private Dictionary<ulong, ColdTally> counted = [];
    private bool counting;
    private long refreshed = timers.MonotonicNanoseconds;

    public IReadOnlyDictionary<ulong, ColdTally> Counted => counted;

    /// <summary>Names a story to be counted.</summary>
    public void Know(StoryDescriptor? story)
    {
        if (story is { StoryId: > 0 } && (stories.Count < options.StoriesMax || stories.ContainsKey(story.StoryId)))
        {
            stories[story.StoryId] = story;
        }
    }

    public void Forget(ulong storyId)
    {
        stories.Remove(storyId);
        counted.Remove(storyId);
    }

    /// <summary>Counts anew, unless a count is under way. On the role's strand; never fails.</summary>
    public async Task CountAsync()
    {
        if (counting)
        {
            return;
        }

        counting = true;
        try
        {
            List<StoryDescriptor> asked = [.. stories.Values];
            bool refresh = IsRefreshDue();
            Dictionary<ulong, ColdTally> fresh = strand is null
                ? await CountAsync(asked, refresh)
                : await strand.InvokeAsync(() => CountAsync(asked, refresh));
            foreach (ulong gone in fresh.Keys.Where(story => !stories.ContainsKey(story)).ToList())
            {
                fresh.Remove(gone);
            }

            counted = fresh;
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "{Name}: counting the archive failed and is repeated", options.Name);
        }
        finally
        {
            counting = false;
        }
    }

    private async ValueTask<Dictionary<ulong, ColdTally>> CountAsync(List<StoryDescriptor> asked, bool refresh)
    {
        if (refresh)
        {
            cold.Refresh();
        }

        var fresh = new Dictionary<ulong, ColdTally>();
        foreach (StoryDescriptor story in asked)
        {
            fresh[story.StoryId] = cold.Tally(story);
            await Task.Yield(); // replays share the strand
        }

        return fresh;
    }

    private bool IsRefreshDue()
    {
        long now = timers.MonotonicNanoseconds;
        bool due = options.ArchiveRefreshPeriod > TimeSpan.Zero
            && now - refreshed >= (long)options.ArchiveRefreshPeriod.TotalNanoseconds;
        refreshed = due ? now : refreshed;
        return due;
    }
}

using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Client;

/// <content>
/// New Keepers. A round-robin story takes in every Keeper that its group gets; a replicated one that has
/// lost a Keeper takes the next one. A local-first story stays where it is.
/// </content>
internal sealed partial class RingSet
{
    // A Keeper of which the Visor has told, and that gave no ring out yet.
    private const long JoinNanoseconds = 1_000_000_000;

    private long nextJoin;
    private bool isJoining;

    /// <summary>The Visor says who is in a group now. From any thread.</summary>
    public void Observe(GroupView view) => strand.Post(
        _ =>
        {
            stories.ForEach(story => story.Observe(view));

            nextJoin = 0;
        },
        null);

    private async Task JoinAsync()
    {
        if (isJoining)
        {
            return;
        }

        isJoining = true;
        try
        {
            foreach (StoryPlacement story in stories.Where(CanGrow).ToList())
            {
                await GrowAsync(story);
            }
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            logger.LogWarning("client {Client} can't take in another keeper now: {Reason}", clientId, exception.Message);
        }
        finally
        {
            isJoining = false;
        }
    }

    private bool CanGrow(StoryPlacement story) =>
        story.IsShort || (story.Replicas == 1 && options.Placement == Placement.RoundRobin);

    private async Task GrowAsync(StoryPlacement story)
    {
        int before = story.Rings.Count;
        foreach (ProcessIdentity keeper in Candidates(story))
        {
            if (!CanGrow(story) || story.Rings.Exists(ring => ring.Keeper.ProcessId == keeper.ProcessId))
            {
                continue;
            }

            try
            {
                KeeperRing ring = await RingOfAsync(keeper, 0, AnswerDeadline, ending.Token);
                if (!IsLost(ring) && !story.Rings.Contains(ring.Current))
                {
                    story.Give(ring);
                }
            }
            catch (ChronoLogException)
            {
                // Not there, or not ready: the next look finds it.
            }
        }

        Renew(story); // others may have been left meanwhile
        if (story.Rings.Count != before && stories.Contains(story))
        {
            story.Writer.SetRings([.. story.Rings.Select(each => each.Ring)]);
            logger.LogInformation(
                "story {Story} is recorded into {Count} keepers from now on", story.Name, story.Rings.Count);
        }
    }
}

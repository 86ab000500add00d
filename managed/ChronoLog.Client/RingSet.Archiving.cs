using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <content>
/// Waiting for the archive. What was recorded is in the journals of the story's Keepers (the caller has flushed to there),
/// also of those that it has left; each of them says when its part is in synced StoryFiles.
/// </content>
internal sealed partial class RingSet
{
    private static readonly TimeSpan AskPeriod = TimeSpan.FromMilliseconds(50);

    /// <summary>Completes when each Keeper has said so.</summary>
    /// <exception cref="ChronoLogException">TimedOut: names who has not, and why.</exception>
    public async Task ArchiveAsync(StoryPlacement story, TimeSpan timeout, CancellationToken cancellation)
    {
        List<ProcessIdentity> keepers = [];
        await OnStrandAsync(() =>
        {
            // A Keeper that was started again may have another address.
            keepers = [.. story.Used.Select(used => story.Group.Keepers.FirstOrDefault(
                keeper => keeper.ProcessId == used.ProcessId) ?? used)];
            return Task.CompletedTask;
        }).ConfigureAwait(false);
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellation, ending.Token);
        expiry.CancelAfter(timeout);
        Asking[] asking = [.. keepers.Select(keeper => new Asking(keeper))];
        try
        {
            await Task.WhenAll(asking.Select(each => AskAsync(each, story.Story.StoryId, expiry.Token)))
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            IEnumerable<string> late = asking.Where(each => !each.IsArchived).Select(
                each => $"keeper '{each.Keeper.Name}' at {each.Keeper.ServiceEndpoint}: {each.Waiting}");
            string trouble = TroubleOf(story.Group.Group) is { } known ? $"; {known}" : "";
            throw new ChronoLogException(
                Status.TimedOut, $"story {story.Name} is not archived yet: {string.Join("; ", late)}{trouble}");
        }
    }

    private async Task AskAsync(Asking asking, ulong storyId, CancellationToken stop)
    {
        IRpcChannel channel = connector.Open(asking.Keeper.ServiceEndpoint);
        await using (channel.ConfigureAwait(false))
        {
            var request = new ArchiveStoryRequest { StoryId = storyId };
            while (!asking.IsArchived)
            {
                try
                {
                    ArchiveStoryReply reply = await channel.CallAsync(Methods.ArchiveStory, request, CloseDeadline, stop)
                        .ConfigureAwait(false);
                    (request.Epoch, request.Through) = (reply.Epoch, reply.Through);
                    (asking.IsArchived, asking.Waiting) = (reply.Archived, reply.Waiting);
                }
                catch (ChronoLogException exception)
                {
                    asking.Waiting = exception.Message; // it may come back
                }

                if (!asking.IsArchived)
                {
                    await Task.Delay(AskPeriod, stop).ConfigureAwait(false);
                }
            }
        }
    }

    private sealed class Asking(ProcessIdentity keeper)
    {
        public ProcessIdentity Keeper { get; } = keeper;

        public bool IsArchived { get; set; }

        public string Waiting { get; set; } = "it has not answered";
    }
}

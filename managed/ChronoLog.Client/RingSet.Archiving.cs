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

    /// <summary>A defect that only the tests of the simulation's checker set.</summary>
    internal static bool AsksNobodyLeft { get; set; }

    /// <summary>Completes when each Keeper has said so.</summary>
    /// <exception cref="ChronoLogException">TimedOut: names who has not, and why.</exception>
    public async Task ArchiveAsync(StoryPlacement story, TimeSpan timeout, CancellationToken cancellation)
    {
        List<ProcessIdentity> keepers = [];
        await OnStrandAsync(() =>
        {
            // A Keeper that was started again may have another address.
            keepers = [.. Recorded(story).Select(used => story.Group.Keepers.FirstOrDefault(
                keeper => keeper.ProcessId == used.ProcessId) ?? used)];
            return Task.CompletedTask;
        }).ConfigureAwait(ports.StaysOnContext);
        long end = timeout == Timeout.InfiniteTimeSpan
            ? long.MaxValue
            : ports.Timers.MonotonicNanoseconds + (long)timeout.TotalNanoseconds;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, ending.Token);
        Asking[] asking = [.. keepers.Select(keeper => new Asking(keeper))];
        try
        {
            await Task.WhenAll(asking.Select(each => AskAsync(each, story.Story.StoryId, end, stop.Token)))
                .ConfigureAwait(ports.StaysOnContext);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The client is being disposed: said below.
        }

        string late = string.Join("; ", asking.Where(static each => !each.IsArchived).Select(
            static each => $"keeper '{each.Keeper.Name}' at {each.Keeper.ServiceEndpoint}: {each.Waiting}"));
        if (late.Length > 0)
        {
            string trouble = TroubleOf(story.Group.Group) is { } known ? $"; {known}" : "";
            throw new ChronoLogException(Status.TimedOut, $"story {story.Name} is not archived yet: {late}{trouble}");
        }
    }

    private async Task AskAsync(Asking asking, ulong storyId, long end, CancellationToken stop)
    {
        IRpcChannel channel = ports.Connector.Open(asking.Keeper.ServiceEndpoint);
        await using (channel.ConfigureAwait(ports.StaysOnContext))
        {
            var request = new ArchiveStoryRequest { StoryId = storyId };
            for (long rest = Rest(end); rest > 0 && !asking.IsArchived; rest = Rest(end))
            {
                TimeSpan patience = TimeSpan.FromTicks(Math.Clamp(rest / 100, 1, CloseDeadline.Ticks));
                try
                {
                    ArchiveStoryReply reply = await channel.CallAsync(Methods.ArchiveStory, request, patience, stop)
                        .ConfigureAwait(ports.StaysOnContext);
                    (request.Epoch, request.Through) = (reply.Epoch, reply.Through);
                    (asking.IsArchived, asking.Waiting) = (reply.Archived, reply.Waiting);
                }
                catch (ChronoLogException exception)
                {
                    asking.Waiting = exception.Message; // it may come back
                }

                if (!asking.IsArchived)
                {
                    await ports.Timers.Delay(AskPeriod < patience ? AskPeriod : patience, stop)
                        .ConfigureAwait(ports.StaysOnContext);
                }
            }
        }
    }

    private static IEnumerable<ProcessIdentity> Recorded(StoryPlacement story) =>
        AsksNobodyLeft ? story.Rings.Select(static ring => ring.Keeper) : story.Used;

    private long Rest(long end) => end - ports.Timers.MonotonicNanoseconds;

    private sealed class Asking(ProcessIdentity keeper)
    {
        public ProcessIdentity Keeper { get; } = keeper;

        public bool IsArchived { get; set; }

        public string Waiting { get; set; } = "it has not answered";
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Keeper.Stories;

namespace ChronoLog.Keeper.Retirement;

/// <summary>
/// Clients that wait until what they recorded is archived. The first question retires everything that the story has here
/// and names the last of these chunks; the next ones ask whether any of them is still retained. While somebody asks, the
/// Grapher is told not to wait for the story's windows. On the role's strand.
/// </summary>
/// <remarks>
/// A Keeper that was restarted in between has its chunks again from the journal, under other numbers: the epoch tells,
/// and the question begins anew. What it does not have any more is archived: nothing else deletes it.
/// </remarks>
public sealed class ArchiveDesk(
    StoryTable stories, HandoverLedger ledger, RetirementDuty retirement, RegistryClient registry, ITimers timers,
    Func<ValueTask<bool>> fence)
{
    // A client asks several times a second; one that has not for this long waits no more.
    private const long InterestNanoseconds = 2_000_000_000;

    private readonly Dictionary<ulong, long> lastAsked = [];

    public void Register(IRpcServer server) =>
        server.Handle(Methods.ArchiveStory, (request, _) => AskAsync(request));

    /// <summary>The stories that somebody waits for.</summary>
    public IEnumerable<ulong> Wanted()
    {
        long limit = timers.MonotonicNanoseconds - InterestNanoseconds;
        foreach ((ulong storyId, _) in lastAsked.Where(each => each.Value < limit).ToList())
        {
            lastAsked.Remove(storyId);
        }

        return lastAsked.Keys;
    }

    private async ValueTask<ArchiveStoryReply> AskAsync(ArchiveStoryRequest request)
    {
        ulong through = request.Epoch == registry.Identity.Epoch ? request.Through : 0;
        if (through == 0)
        {
            if (!await fence())
            {
                return new ArchiveStoryReply { Waiting = "events that are still in rings" };
            }

            if (stories.Find(request.StoryId) is { } found)
            {
                retirement.RetireAll(found);
            }

            through = ledger.LastSequence + 1; // 0 would begin anew, and nothing may have been retired yet
        }

        int waiting = stories.Find(request.StoryId)?.Retained.Count(chunk => chunk.Identity.Sequence < through) ?? 0;
        var reply = new ArchiveStoryReply
        {
            Epoch = registry.Identity.Epoch,
            Through = through,
            Archived = waiting == 0,
        };
        if (waiting > 0)
        {
            reply.Waiting = $"{waiting} chunks that the Grapher has not archived";
            lastAsked[request.StoryId] = timers.MonotonicNanoseconds;
        }

        return reply;
    }
}

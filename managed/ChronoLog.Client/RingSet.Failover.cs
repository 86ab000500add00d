using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Client;

/// <content>
/// Failover. A Keeper beats four times a second in each of its rings; one that has not for <c>FailoverAfter</c>, or that
/// has closed the ring, is left for another Keeper of the group, of this node if there is one: the writers change over first, so that
/// recording goes on, then follows what the old Keeper had not consumed. Whether it is dead or only slow does not
/// matter: what it takes after all is a retransmission. Its ring stays mapped until it has said that what it had consumed
/// is on its device; until then no flush to that level is granted.
/// </content>
internal sealed partial class RingSet
{
    // Short enough to stay well within a second after the silence was noticed, whoever does not answer.
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromMilliseconds(400);

    // Nobody was there: the next one may be started at any time, and recording threads are waiting.
    private const long RetryNanoseconds = 250_000_000;

    // The strand has other things to do; a move that is not done by then is gone on with at the next look.
    private static readonly TimeSpan MoveSlice = TimeSpan.FromMilliseconds(50);

    private readonly long watchNanoseconds;
    private readonly List<KeeperRing> left = [];
    private volatile KeeperRing[] owing = [];
    private long nextWatch;

    /// <summary>
    /// Why a flush may wait in vain: Keepers that are away, with events in their journals that nobody has said to be
    /// synced. Empty when there is none. From any thread.
    /// </summary>
    public string Owing => string.Join(", ", owing.Select(ring => $"'{ring.Keeper.Name}' ({ring.Keeper.ServiceEndpoint})"));

    private static TimeSpan WatchPeriod(TimeSpan failoverAfter) =>
        TimeSpan.FromMilliseconds(Math.Clamp(failoverAfter.TotalMilliseconds / 20, 10, 100));

    private void Watch()
    {
        long now = ports.Timers.MonotonicNanoseconds;
        foreach (KeeperRing ring in inUse.Values.ToList())
        {
            FollowAddress(ring);
            if (!ring.IsSeeking && now >= ring.NextTry && IsLost(ring))
            {
                ring.IsSeeking = true;
                _ = LeaveAsync(ring);
            }
        }

        for (int i = left.Count - 1; i >= 0; i--)
        {
            GoOn(left[i]);
        }

        if (now >= nextJoin)
        {
            nextJoin = now + (stories.Exists(story => story.IsShort) ? RetryNanoseconds : JoinNanoseconds);
            _ = JoinAsync();
        }
    }

    private bool IsLost(KeeperRing ring)
    {
        (TimeSpan silence, bool isClosed) = Session.Look(ring.Ring);
        return isClosed || silence > options.FailoverAfter;
    }

    // Nobody awaits it: whatever happens ends here.
    private async Task LeaveAsync(KeeperRing ring)
    {
        try
        {
            if (ring.Story is not null && await SuccessorOfAsync(ring, ring.Story) is { } successor && IsLost(ring))
            {
                Leave(ring, successor);
            }
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            logger.LogWarning(
                "keeper '{Keeper}' is silent, and its ring can't be left: {Reason}", ring.Keeper.Name, exception.Message);
        }
        finally
        {
            ring.IsSeeking = false;
            ring.NextTry = ports.Timers.MonotonicNanoseconds + RetryNanoseconds;
        }
    }

    private void Leave(KeeperRing ring, KeeperRing successor)
    {
        inUse.Remove(ring.Keeper.ProcessId);
        if (!inUse.ContainsKey(successor.Keeper.ProcessId))
        {
            inUse.Add(successor.Keeper.ProcessId, successor); // the same Keeper's new ring
        }

        ring.Successor = successor;
        successor.Story ??= ring.Story;
        left.Add(ring);
        foreach (StoryPlacement story in stories)
        {
            Renew(story); // the writers themselves are changed over by the move
        }

        GoOn(ring);
        logger.LogWarning(
            "keeper '{Keeper}' at {Address} gives no sign of life: client {Client} records into '{Successor}' from now on",
            ring.Keeper.Name, ring.Keeper.ServiceEndpoint, clientId, successor.Keeper.Name);
    }

    private void GoOn(KeeperRing ring)
    {
        try
        {
            if (!ring.IsMoved && !ring.IsStuck)
            {
                ring.IsMoved = Session.TryMoveRing(ring.Ring, ring.Current.Ring, MoveSlice, out long events);
                if (ring.IsMoved && ring.Mirror is { } mirror)
                {
                    mirror.IsLeft = true;
                }

                if (ring.IsMoved && events > 0)
                {
                    logger.LogInformation(
                        "{Events} events that keeper '{Keeper}' had not taken are with '{Successor}'",
                        events, ring.Keeper.Name, ring.Current.Keeper.Name);
                }
            }

            if (ring.IsMoved && Session.TryRetireRing(ring.Ring))
            {
                left.Remove(ring);
                _ = FinishAsync(ring);
            }
        }
        catch (ChronoLogException exception)
        {
            ring.IsStuck = true;
            logger.LogError(
                "what keeper '{Keeper}' has not taken stays in its ring, for its return: {Reason}",
                ring.Keeper.Name, exception.Message);
        }

        owing = [.. left];
    }

    // Rather a Keeper that has no copy of the same events yet, then one with a ring already.
    private async Task<KeeperRing?> SuccessorOfAsync(KeeperRing ring, StoryPlacement story)
    {
        await RefreshAsync(story);
        HashSet<KeeperRing> twins =
            [.. stories.Where(each => each.Replicas > 1 && each.Rings.Contains(ring)).SelectMany(each => each.Rings)];
        IEnumerable<ProcessIdentity> candidates = Candidates(story)
            .OrderBy(keeper => inUse.TryGetValue(keeper.ProcessId, out KeeperRing? other) && twins.Contains(other) ? 1 : 0);
        foreach (ProcessIdentity keeper in candidates)
        {
            KeeperRing? successor = await TryOpenAsync(keeper, ring);
            if (successor is not null && successor != ring && !IsLost(successor))
            {
                return successor;
            }
        }

        return null;
    }

    // A Keeper that closed the ring and is there gives out another one; a silent one is not asked.
    private async Task<KeeperRing?> TryOpenAsync(ProcessIdentity keeper, KeeperRing ring)
    {
        bool isSame = keeper.ProcessId == ring.Keeper.ProcessId;
        if (isSame && !Session.Look(ring.Ring).IsClosed)
        {
            return null;
        }

        if (isSame)
        {
            inUse.Remove(keeper.ProcessId); // makes room for the new one
        }

        try
        {
            return await RingOfAsync(keeper, ring.CapacityBytes, AnswerDeadline, ending.Token);
        }
        catch (ChronoLogException)
        {
            return null; // the next one
        }
        finally
        {
            if (isSame)
            {
                inUse.TryAdd(keeper.ProcessId, ring);
            }
        }
    }

    // What the Visor says now; what it said last, when it does not answer.
    private async Task RefreshAsync(StoryPlacement story)
    {
        try
        {
            var request = new StoryRequest
            {
                ClientId = clientId, Chronicle = story.Story.Chronicle, Story = story.Story.Story,
            };
            StoryReply reply = await portal.CallAsync(Methods.RouteReplay, request, AnswerDeadline, ending.Token);
            story.Observe(reply.Group);
        }
        catch (ChronoLogException)
        {
        }
    }

    // Left rings have their successors' places; a twin's place is not taken twice.
    private static void Renew(StoryPlacement story)
    {
        List<KeeperRing> current = [.. story.Rings.Select(ring => ring.Current).Distinct()];
        story.Rings.Clear();
        current.ForEach(story.Give);
    }
}

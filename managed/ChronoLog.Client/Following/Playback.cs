using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client.Following;

/// <summary>
/// One follower of one story. Joins the Player's feed, reads what was recorded before by a replay, and goes on with what
/// the feed brings. Whatever goes wrong (the Player or a Keeper is restarted, the story moves, the follower is too slow)
/// has one answer: join again, and read by a replay from where the story is not known to be complete; what was shown is
/// remembered from there on (<see cref="ShownEvents"/>), so nothing is shown twice.
/// </summary>
internal sealed partial class Playback
{
    private static readonly TimeSpan WaitCalm = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WaitTroubled = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CallSlack = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BackoffMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BackoffMax = TimeSpan.FromSeconds(2);

    /// <summary>An ordered playback that hears of no read-through for so long shows what the story's watermark allows.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ChronoClient client;
    private readonly IClientPorts ports;
    private readonly string chronicle;
    private readonly string storyName;
    private readonly PlaybackMode mode;
    private readonly ulong from;
    private readonly Queue<PlaybackPage> ready = new();
    private readonly ShownEvents shown;
    private readonly WithheldEvents withheld = new();
    private StoryReply? route;
    private IRpcChannel? player;
    private bool isRouteNews = true;
    private bool isRouteDoubtful;
    private bool isRouteOld;
    private long nextRoute;
    private ulong feed;
    private ulong position;
    private ulong readThrough;
    private TimeSpan backoff = BackoffMin;
    private IReadOnlyList<Gap> playerGaps = [];
    private IReadOnlyList<Gap> replayGaps = [];
    private string? failure;
    private string stated = "";
    private readonly ulong follower;
    private StoryDescriptor? asked;

    public Playback(ChronoClient client, IClientPorts ports, string chronicle, string story, ulong from, PlaybackMode mode)
    {
        follower = client.NextFollower();
        this.client = client;
        this.ports = ports;
        this.chronicle = chronicle;
        storyName = story;
        this.from = from;
        this.mode = mode;
        shown = new ShownEvents(from);
        completeThrough = from;
        replayFrom = from;
    }

    private bool IsOrdered => mode == PlaybackMode.Ordered;

    /// <summary>Pages until cancelled; each is disposed when the next one is asked for.</summary>
    public async IAsyncEnumerable<PlaybackPage> RunAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                while (ready.TryDequeue(out PlaybackPage? page))
                {
                    using (page)
                    {
                        yield return page;
                    }
                }

                await StepAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
            }
        }
        finally
        {
            Leave();
            await CloseReplayAsync().ConfigureAwait(ports.StaysOnContext);
            withheld.Clear();
            foreach (PlaybackPage page in ready)
            {
                page.Dispose();
            }
        }
    }

    private async Task StepAsync(CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            if (route is null || isRouteDoubtful || (HasTrouble && ports.Timers.MonotonicNanoseconds >= nextRoute))
            {
                await RouteAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
            }
            else if (isRouteOld || IsRouteOwed)
            {
                await RenewRouteAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
            }
            else if (IsOwedKnown && replay is null)
            {
                WantLate();
            }
            else if (replay is not null)
            {
                await ReadReplayAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
            }
            else if (feed != 0 && IsReplayDue)
            {
                await OpenReplayAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
            }
            else
            {
                await AskAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
            }
        }
        catch (ObjectDisposedException exception) when (client.IsClosing)
        {
            throw new ChronoLogException(
                Status.NoConnection, $"the client was disposed while '{chronicle}/{storyName}' was followed", exception);
        }
        catch (ChronoLogException exception) when (!IsFinal(exception))
        {
            cancellation.ThrowIfCancellationRequested();
            await CloseReplayAsync().ConfigureAwait(ports.StaysOnContext);
            isRouteDoubtful |= exception.Status == Status.NotExist; // destroyed, or the cursor of a replay is gone
            if (exception.Status is not (Status.LimitExceeded or Status.NotExist) || backoff >= BackoffMax)
            {
                Fail(exception.Message); // a crowd that joins at once only has to wait for its turn; of the other the Visor knows
            }

            await ports.Timers.Delay(backoff, cancellation).ConfigureAwait(ports.StaysOnContext);
            backoff = backoff * 2 < BackoffMax ? backoff * 2 : BackoffMax;
        }
    }

    // Who is away may be somewhere else by now: the route is asked for again.
    private bool HasTrouble => failure is not null || playerGaps.Count > 0 || replayGaps.Count > 0;

    // The Visor alone knows whether the story exists: a Player may speak of one that was destroyed and made again.
    private bool IsFinal(ChronoLogException exception) =>
        client.IsClosing || (route is null && exception.Status is Status.NotExist or Status.InvalidArgument)
        || exception.Status is Status.NotAuthorized or Status.ProtocolVersionMismatch;

    private async Task RouteAsync(CancellationToken cancellation)
    {
        nextRoute = ports.Timers.MonotonicNanoseconds + (long)WaitTroubled.TotalNanoseconds;
        StoryReply reply;
        try
        {
            reply = await client.RouteAsync(chronicle, storyName, cancellation).ConfigureAwait(ports.StaysOnContext);
        }
        catch (ChronoLogException exception) when (exception.Status is Status.NotExist)
        {
            bool wasThere = route is not null;
            route = null; // makes it final
            throw wasThere
                ? new ChronoLogException(Status.NotExist, $"story '{chronicle}/{storyName}' was destroyed", exception)
                : exception;
        }

        if (reply.Group.Player is null)
        {
            throw new ChronoLogException(
                Status.NoPlayers, $"group {reply.Group.Group} of '{chronicle}/{storyName}' has no living Player");
        }

        bool isElsewhere = reply.Group.Player.ServiceEndpoint != route?.Group.Player.ServiceEndpoint;
        player = await client.PlayerChannelAsync(reply.Group.Player).ConfigureAwait(ports.StaysOnContext);
        isRouteNews = isRouteNews || route is null || !route.Equals(reply);
        route = reply;
        isRouteDoubtful = false;
        isRouteOld = false;
        feed = isElsewhere ? 0 : feed;
        LearnOfLate();
    }

    // Somebody joined or left: another group may record the story now, whom a replay has to ask, too. When the Visor is away, who
    // was known is asked.
    private async Task RenewRouteAsync(CancellationToken cancellation)
    {
        isRouteOld = false;
        nextOwedRoute = ports.Timers.MonotonicNanoseconds + (long)OwedRoutePause.TotalNanoseconds;
        try
        {
            await RouteAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        }
        catch (ChronoLogException exception) when (exception.Status is not Status.NotExist && !client.IsClosing)
        {
        }
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        TimeSpan wait = feed == 0 ? TimeSpan.Zero : HasTrouble || isReplayWanted ? WaitTroubled : WaitCalm;
        var request = new FollowRequest
        {
            Story = route!.Story,
            ClientId = client.ClientId,
            Feed = feed,
            Position = position,
            Through = Through(),
            WaitMilliseconds = (uint)wait.TotalMilliseconds,
            KnowsGaps = playerGaps.Count > 0,
            Follower = follower,
        };
        if (feed == 0 || isRouteNews)
        {
            request.View = route.Group;
            request.EarlierViews.AddRange(route.EarlierViews);
        }

        asked = route.Story;
        FollowReply reply = await player!.CallAsync(Methods.Follow, request, wait + CallSlack, cancellation)
            .ConfigureAwait(ports.StaysOnContext);
        asked = null;
        isRouteNews = false;
        failure = null;
        backoff = BackoffMin;
        Take(reply);
    }

    // Nobody waits for it: without it the Player keeps the question until its wait is over.
    private void Leave()
    {
        if (asked is not null && !client.IsClosing)
        {
            _ = LeaveAsync(new FollowRequest { Story = asked, ClientId = client.ClientId, Follower = follower, Leaves = true });
        }
    }

    private async Task LeaveAsync(FollowRequest request)
    {
        try
        {
            await player!.CallAsync(Methods.Follow, request, CallSlack).ConfigureAwait(ports.StaysOnContext);
        }
        catch (Exception exception) when (exception is ChronoLogException or ObjectDisposedException or OperationCanceledException)
        {
        }
    }

    private void Take(FollowReply reply)
    {
        playerGaps = reply.Gaps;
        if (reply.Restarted && !Restart(reply))
        {
            return;
        }

        if (reply.Restarted)
        {
            position = reply.Next;
        }
        else if (reply.Feed == feed && reply.Position == position)
        {
            TakeBatches(reply.Batches);
            position = reply.Next;
        }

        readThrough = Math.Max(readThrough, reply.ReadThrough);
        storyWatermark = Math.Max(storyWatermark, reply.Watermark);
        RaiseFloor();
        Release();

        StateGaps();
    }

    // False: another process answered, or one that has forgotten the story. It has to hear of the groups again, and what it
    // states is not of the feed whose events have come so far.
    private bool Restart(FollowReply reply)
    {
        if (feed != 0 && reply.Feed != feed)
        {
            feed = 0;
            isRouteDoubtful = true; // it may have forgotten the story because that was destroyed
            return false;
        }

        isRouteOld = feed != 0 && reply.Oldest == 0;
        WantReplay(feed == 0 ? 0 : reply.Oldest);
        feed = reply.Feed;
        return true;
    }

    private void Fail(string reason)
    {
        failure = reason;
        StateGaps();
    }

    // A page without events says that something may be missing, or not any more.
    private void StateGaps()
    {
        List<Gap> gaps = CurrentGaps();
        string text = string.Join('\n', gaps.Select(gap => gap.Reason));
        if (text != stated)
        {
            stated = text;
            ready.Enqueue(new PlaybackPage(null, isInOrder: true, StatedWatermark, gaps));
        }
    }

    private List<Gap> CurrentGaps()
    {
        List<Gap> gaps = [.. playerGaps, .. replayGaps];
        if (failure is not null)
        {
            gaps.Add(new Gap
            {
                StartTime = StatedWatermark, EndTime = ulong.MaxValue,
                Reason = $"'{chronicle}/{storyName}' cannot be followed now: {failure}",
            });
        }

        return gaps;
    }

    private ulong StatedWatermark => IsOrdered ? completeThrough : shown.Floor;
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Keeper.Ingestion;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Mirroring;

/// <summary>
/// The rings of clients on other nodes: pulls what they have committed into this node's ends, which are consumed as any
/// ring, and tells them how far that is. On the role's strand.
/// </summary>
/// <remarks>
/// The client asks, and a question waits here until there is news: so the Keeper can also ask the client, by an answer,
/// how far its end is reserved (a fence). What a request says is checked against the ring; what the spans hold, where it is
/// read, as with any client's memory.
/// </remarks>
public sealed class MirrorDesk(
    KeeperOptions options, IBulkEndpoint bulk, RegistryClient registry, ITimers timers, Strand strand, ILogger logger)
{
    /// <summary>
    /// Spans of one client under way: more would only wait for each other, and hold slabs. Clients keep to half of it.
    /// </summary>
    public const int FeedsPerRingMax = 8;

    // One that was lost does not come any more; its client sends all of them again.
    private static readonly TimeSpan TurnPatience = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan WatchPatienceMax = TimeSpan.FromSeconds(2);

    // A client that asks again learns how its ring ended.
    private const int EndingsMax = 1024;

    private readonly Dictionary<ulong, Mirror> mirrors = [];
    private readonly Dictionary<ulong, Mirror> endings = [];
    private readonly Queue<ulong> endingsInOrder = new();
    private readonly Waiters room = new(timers);
    private long bytesUnderWay;
    private ulong lastFence;

    /// <summary>Mirrored rings now.</summary>
    public int Count => mirrors.Count;

    /// <summary>The longest span that is pulled at once.</summary>
    public uint SpanBytesMax => (uint)bulk.SlabBytesMax;

    /// <summary>Ends a ring's recording: what was fed is still consumed.</summary>
    public required Action<RingSession> Close { get; init; }

    /// <summary>Ends the sleep of the thread that consumes the ring.</summary>
    public required Action<RingSession> Wake { get; init; }

    public void Register(IRpcServer server)
    {
        server.Handle(Methods.FeedRing, FeedAsync);
        server.Handle(Methods.WatchRing, WatchAsync);
    }

    /// <summary>A mirror is served from now on.</summary>
    /// <param name="session">Its ring.</param>
    /// <param name="isAdopted">Of an earlier process: its client may have recorded into its end.</param>
    internal void Begin(RingSession session, bool isAdopted)
    {
        var mirror = new Mirror(session, timers) { HasBegun = isAdopted };
        mirrors.Add(session.Ring.RingId, mirror);
        session.Progressed = () =>
        {
            if (mirror.TryAnnounce())
            {
                strand.Post(static state => ((Mirror)state!).Hear(), mirror);
            }
        };
    }

    /// <summary>A ring is not served any more. Others than mirrors are passed over.</summary>
    internal void End(RingSession session)
    {
        if (mirrors.Remove(session.Ring.RingId, out Mirror? mirror))
        {
            session.Progressed = null;
            mirror.IsEnded = true;
            Remember(mirror);
            mirror.Waiters.Look();
        }
    }

    /// <summary>
    /// Whether it is a ring that the client has its end of, to be given out again. One that it does not know stays unused:
    /// a reply was lost, and a position of the end that the client makes now would not mean the same.
    /// </summary>
    internal bool IsUsable(RingSession session, OpenRingRequest request) =>
        mirrors.TryGetValue(session.Ring.RingId, out Mirror? mirror) && !(mirror.IsClosing || mirror.TakesNothing)
        && request.MirroredPaths.Contains(session.Ring.Path);

    /// <summary>
    /// The client is to reserve nothing more and to hand over what it has reserved; then the ring is closed.
    /// </summary>
    internal void BeginClosing(RingSession session)
    {
        Mirror mirror = mirrors[session.Ring.RingId];
        mirror.IsClosing = true;
        mirror.Waiters.Look();
    }

    /// <summary>
    /// Completes when everything that is reserved in the clients' ends by now is in this node's.
    /// </summary>
    /// <returns>False: a client has not said so, or not handed it over, within the fence's deadline.</returns>
    internal async ValueTask<bool> FenceAsync()
    {
        if (mirrors.Count == 0)
        {
            return true;
        }

        // Epochs are ticks: a number that a client has heard from an earlier process is never asked for again.
        lastFence = Math.Max(lastFence, registry.Identity.Epoch) + 1;
        List<ValueTask<bool>> fences =
            [.. mirrors.Values.Where(static mirror => mirror.HasBegun && !mirror.TakesNothing)
                .ToList().Select(mirror => mirror.FenceAsync(lastFence, options.FenceDeadline))];
        bool isPassed = true;
        foreach (ValueTask<bool> fence in fences)
        {
            isPassed &= await fence;
        }

        return isPassed;
    }

    /// <summary>
    /// Gives up clients that have not been heard of: nobody can wait for what they may hold. One that comes back gets
    /// another ring, and hands over what this one has not.
    /// </summary>
    internal void CloseSilent()
    {
        long silent = timers.MonotonicNanoseconds - (long)options.RemoteSilence.TotalNanoseconds;
        foreach (Mirror mirror in mirrors.Values.Where(mirror => mirror.Heard < silent && !mirror.TakesNothing).ToList())
        {
            logger.LogWarning(
                "{Name}: client {Client} on another node has not been heard of for {Seconds:0.#} s: its ring {Ring} is "
                + "closed; what it has not handed over is with it",
                options.Name, mirror.Ring.ClientId, options.RemoteSilence.TotalSeconds, mirror.Ring.RingId);
            Close(mirror.Session);
            mirror.Waiters.Look();
        }
    }

    private async ValueTask<MirrorReply> WatchAsync(WatchRingRequest request, RpcContext context)
    {
        if (Find(request.Ring) is not { } mirror)
        {
            return Ending(request.Ring);
        }

        mirror.HasBegun = true;
        mirror.Heard = timers.MonotonicNanoseconds;
        if (request.Fence > 0)
        {
            mirror.Told(request.Fence, (long)Math.Min(request.Tail, long.MaxValue - 1));
        }

        if (request.Final && (ulong)mirror.Ring.Tail >= request.Tail && !mirror.TakesNothing)
        {
            Close(mirror.Session);
        }

        TimeSpan patience = TimeSpan.FromMilliseconds(request.PatienceMilliseconds);
        await mirror.Waiters.AwaitAsync(
            () => HasNews(mirror, request), patience < WatchPatienceMax ? patience : WatchPatienceMax, context.Deadline);
        return Reply(mirror);
    }

    private static bool HasNews(Mirror mirror, WatchRingRequest request) =>
        mirror.IsEnded || mirror.FenceWanted > mirror.FenceTold
        || (ulong)mirror.Ring.Consumed > request.Consumed || (ulong)mirror.Durable > request.Durable
        || (!request.Closed && (mirror.IsClosing || mirror.TakesNothing));

    private async ValueTask<MirrorReply> FeedAsync(FeedRingRequest request, RpcContext context)
    {
        if (Find(request.Ring) is not { } mirror)
        {
            return Ending(request.Ring);
        }

        mirror.Heard = timers.MonotonicNanoseconds;
        int length = Check(mirror, request);
        if (!mirror.TakesNothing && request.Position >= (ulong)mirror.Ring.Tail)
        {
            mirror.Feeds++;
            try
            {
                await FeedAsync(mirror, (long)request.Position, length, request.Span, context.Deadline);
            }
            finally
            {
                mirror.Feeds--;
            }
        }

        return Reply(mirror);
    }

    private async ValueTask FeedAsync(
        Mirror mirror, long position, int length, BulkDescriptor span, CancellationToken deadline)
    {
        // Half of the slabs are others': drain and hot reads must not wait for clients.
        bool HasRoom() => bytesUnderWay == 0 || bytesUnderWay + length <= bulk.BytesBudget / 2;
        if (!await room.AwaitAsync(HasRoom, WatchPatienceMax, deadline))
        {
            return;
        }

        bytesUnderWay += length;
        try
        {
            await PullAsync(mirror, position, length, span, deadline);
        }
        finally
        {
            bytesUnderWay -= length;
            room.Look();
        }
    }

    private async ValueTask PullAsync(
        Mirror mirror, long position, int length, BulkDescriptor span, CancellationToken deadline)
    {
        Slab slab = await bulk.RentAsync(length, deadline);
        try
        {
            await bulk.PullAsync(span, slab, deadline);
            await mirror.Waiters.AwaitAsync(
                () => mirror.TakesNothing || mirror.Ring.Tail >= position, TurnPatience, deadline);
            if (!mirror.TakesNothing && mirror.Ring.TryFeed(position, slab.Span[..length]))
            {
                Wake(mirror.Session);
                mirror.Waiters.Look();
            }
        }
        finally
        {
            slab.Release();
        }
    }

    private int Check(Mirror mirror, FeedRingRequest request)
    {
        uint length = request.Span?.Length ?? 0;
        ulong end = request.Position + length;
        if (length == 0 || length > SpanBytesMax || end < request.Position
            || end > (ulong)(mirror.Ring.Consumed + mirror.Ring.CapacityBytes))
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"feed_ring: {length} bytes at position {request.Position} cannot be the next ones of ring "
                + $"{mirror.Ring.RingId} ({mirror.Ring.CapacityBytes} bytes, {mirror.Ring.Consumed} consumed)");
        }

        return mirror.Feeds < FeedsPerRingMax
            ? (int)length
            : throw new ChronoLogException(
                Status.LimitExceeded,
                $"feed_ring: {FeedsPerRingMax} spans of ring {mirror.Ring.RingId} are under way at {options.Name}");
    }

    private Mirror? Find(MirrorIdentity? ring) =>
        ring is not null && mirrors.TryGetValue(ring.RingId, out Mirror? mirror)
        && mirror.Is(ring) ? mirror : null;

    private MirrorReply Ending(MirrorIdentity? ring) =>
        ring is not null && endings.TryGetValue(ring.RingId, out Mirror? ended) && ended.Is(ring)
            ? Reply(ended)
            : throw new ChronoLogException(
                Status.NotExist,
                $"keeper {options.Name} has no ring {ring?.RingId ?? 0} of client {ring?.ClientId ?? 0} on another node: "
                + "open another one");

    private void Remember(Mirror mirror)
    {
        endings[mirror.Ring.RingId] = mirror;
        endingsInOrder.Enqueue(mirror.Ring.RingId);
        if (endingsInOrder.Count > EndingsMax)
        {
            endings.Remove(endingsInOrder.Dequeue());
        }
    }

    private MirrorReply Reply(Mirror mirror) => mirror.Reply(registry.Identity.Epoch);
}

using System.Numerics;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Keeper.Mirroring;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Recording;

/// <summary>
/// Gives clients their rings, shares the rings out among the ingestion threads, and removes those that ended. On the
/// role's strand.
/// </summary>
public sealed class RecordingService
{
    // What an earlier process journaled is on the device now, and its producers may wait to hear it.
    private const long NothingPublished = -1;

    private readonly KeeperOptions options;
    private readonly IRingHost host;
    private readonly IReadOnlyList<IngestionAgent> ingestion;
    private readonly IReadOnlyList<SyncAgent> syncing;
    private readonly ILogger logger;
    private readonly List<RingSession> sessions = [];
    private readonly List<Leaving> leaving = [];
    private readonly RegistryClient registry;
    private readonly long capacityMax;
    private ulong lastRingId;

    public RecordingService(
        KeeperOptions options, KeeperPorts ports, IReadOnlyList<IngestionAgent> ingestion,
        IReadOnlyList<SyncAgent> syncing)
    {
        (registry, host, logger) = (ports.Registry, ports.Rings, ports.Logger);
        Mirrors = new MirrorDesk(options, ports.Bulk, registry, ports.Timers, ports.Strand, logger)
        {
            Close = CloseSession, Wake = Wake,
        };
        this.options = options;
        this.ingestion = ingestion;
        this.syncing = syncing;
        capacityMax = CapacityMax(options, ports.Journals.Min(journal => journal.BatchBytesMax));
        foreach (IngestionAgent agent in ingestion)
        {
            agent.RingEnded = session => ports.Strand.Post(_ => Remove(session), null);
        }
    }

    /// <summary>Why no ring is given out now; null when rings are.</summary>
    public string? Refusal { get; set; } = "it has not registered with the Visor yet";

    /// <summary>The rings of clients on other nodes.</summary>
    public MirrorDesk Mirrors { get; }

    /// <summary>What clients compare their own with.</summary>
    public IBaseClock? Clock { get; init; }

    public int Count => sessions.Count;

    public long RingBytes => sessions.Sum(session => session.Ring.CapacityBytes);

    public void Register(IRpcServer server)
    {
        server.Handle(Methods.OpenRing, (request, _) => ValueTask.FromResult(Open(request)));
        server.Handle(Methods.CloseRing, (request, _) => ValueTask.FromResult(Close(request)));
        Mirrors.Register(server);
    }

    /// <summary>
    /// Goes on with the rings of an earlier process of this Keeper, whether their clients are alive or not. Before any
    /// ring is given out.
    /// </summary>
    public void Adopt(IEnumerable<ReattachedRing> rings)
    {
        foreach (ReattachedRing ring in rings)
        {
            Use(new RingSession(ring.Ring, ring.Ring.ClientId, ring.ProducerPid)
            {
                Durable = NothingPublished,
                IsClosing = ring.IsClosed,
            }, isAdopted: true);
        }
    }

    /// <summary>Takes no more from producers than they have reserved by now.</summary>
    public void CloseAll()
    {
        foreach (RingSession session in sessions)
        {
            if (session.Ring.IsMirror)
            {
                Mirrors.BeginClosing(session);
            }
            else
            {
                CloseSession(session);
            }
        }
    }

    /// <summary>Unmaps and unlinks removed rings that no thread uses any more.</summary>
    public void DisposeLeft()
    {
        for (int i = leaving.Count - 1; i >= 0; i--)
        {
            if (leaving[i].IsUnused)
            {
                leaving[i].Session.Ring.Dispose();
                leaving.RemoveAt(i);
            }
        }
    }

    /// <summary>
    /// Lets go of every ring: the agents' threads have ended. What is still in one waits there for the next process.
    /// </summary>
    public void DisposeAll()
    {
        foreach (RingSession session in sessions.Concat(leaving.Select(left => left.Session)))
        {
            if (!session.IsDetached && session.Ring.Tail > session.Ring.Consumed)
            {
                session.Ring.Leave();
            }
            else
            {
                session.Ring.Dispose();
            }
        }

        sessions.Clear();
        leaving.Clear();
    }

    // A ring's longest record is an eighth of it, and the journal must take that in one batch.
    private static long CapacityMax(KeeperOptions options, long batchBytesMax)
    {
        const int LargestRecordShare = 8;
        long fits = (long)BitOperations.RoundUpToPowerOf2((ulong)batchBytesMax + 1) / 2 * LargestRecordShare;
        return Math.Min(options.RingBytesMax, fits);
    }

    private OpenRingReply Open(OpenRingRequest request)
    {
        Check(request);
        RingSession session = FindUsable(request) ?? Create(request);
        return new OpenRingReply
        {
            RingId = session.Ring.RingId,
            Path = session.Ring.Path,
            CapacityBytes = (ulong)session.Ring.CapacityBytes,
            SpanBytesMax = session.Ring.IsMirror ? Mirrors.SpanBytesMax : 0,
            KeeperTick = Clock?.Now ?? 0,
            LateBoundNanoseconds = options.EventTimes.LateNanoseconds,
            FutureBoundNanoseconds = options.EventTimes.FutureNanoseconds,
        };
    }

    private void Check(OpenRingRequest request)
    {
        if (Refusal is { } reason)
        {
            throw new ChronoLogException(
                Status.NoKeepers,
                $"keeper {options.Name} gives out no ring: {reason}; use another keeper of the group");
        }

        if (request.ClientId == 0)
        {
            throw new ChronoLogException(Status.InvalidArgument, "open_ring: client id 0; connect to the Visor first");
        }

        if (request.Host != options.Host && !request.Mirrored)
        {
            throw new ChronoLogException(
                Status.NotSupported,
                $"keeper {options.Name} runs on host '{options.Host}', client {request.ClientId} on '{request.Host}': "
                + "a ring in shared memory needs both on the same one; ask for a mirrored one");
        }
    }

    private RingSession? FindUsable(OpenRingRequest request) => sessions.Find(session =>
        session.ClientId == request.ClientId && session.Pid == request.Pid
        && (session.Ring.IsMirror ? request.Mirrored && Mirrors.IsUsable(session, request) : !request.Mirrored)
        && !session.IsClosing && !session.IsDrained && !session.IsDetached && !session.Ring.ProducerClosed);

    private RingSession Create(OpenRingRequest request)
    {
        int ofClient = sessions.Count(session => session.ClientId == request.ClientId && !session.IsClosing);
        if (sessions.Count >= options.RingsMax || ofClient >= options.RingsPerClientMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"keeper {options.Name} has {sessions.Count} rings (at most {options.RingsMax}), {ofClient} of them "
                + $"client {request.ClientId}'s (at most {options.RingsPerClientMax})");
        }

        long capacity = Capacity(request.CapacityBytes);
        if (RingBytes + capacity > options.RingBytesTotal)
        {
            throw new ChronoLogException(
                Status.NoSpace,
                $"keeper {options.Name}: another ring of {capacity} bytes would exceed the {options.RingBytesTotal} "
                + $"bytes of shared memory for rings, {RingBytes} of which are in use; raise the limit "
                + "or add a keeper");
        }

        IRecordingRing ring = host.Create(
            request.ClientId, NextRingId(), (int)request.Pid, capacity, request.Mirrored);
        var session = new RingSession(ring, request.ClientId, request.Pid);
        Use(session, isAdopted: false);
        logger.LogInformation(
            "{Name}: ring {Ring} of {Capacity} bytes for client {Client} (pid {Pid}{Where}) at {Path}",
            options.Name, ring.RingId, capacity, request.ClientId, request.Pid,
            request.Mirrored ? $" on {request.Host}" : "", ring.Path);
        return session;
    }

    private void Use(RingSession session, bool isAdopted)
    {
        sessions.Add(session);
        IngestionAgent agent = ingestion.MinBy(agent => agent.Rings.Count)!;
        agent.Replace([.. agent.Rings, session]);
        if (session.Ring.IsMirror)
        {
            Mirrors.Begin(session, isAdopted);
        }
    }

    // Epochs are ticks: no process of this Keeper makes a ring per nanosecond, so none ever meets an earlier one's
    // number.
    private ulong NextRingId()
    {
        lastRingId = Math.Max(lastRingId, registry.Identity.Epoch);
        do
        {
            lastRingId++;
        }
        while (sessions.Exists(session => session.Ring.RingId == lastRingId));
        return lastRingId;
    }

    private long Capacity(ulong wished)
    {
        ulong bytes = wished == 0 ? (ulong)options.RingBytesDefault : wished;
        ulong bounded = Math.Clamp(bytes, (ulong)Math.Min(options.RingBytesMin, capacityMax), (ulong)capacityMax);
        long rounded = (long)BitOperations.RoundUpToPowerOf2(bounded);
        return rounded <= capacityMax ? rounded : rounded / 2;
    }

    private Empty Close(CloseRingRequest request)
    {
        RingSession? session = sessions.Find(
            session => session.Ring.RingId == request.RingId && session.ClientId == request.ClientId);
        if (session is not null)
        {
            CloseSession(session);
        }

        return new Empty(); // a ring that is not there is closed
    }

    private void CloseSession(RingSession session)
    {
        session.Ring.CloseToProducers();
        session.IsClosing = true;
        Wake(session);
    }

    private void Wake(RingSession session) =>
        ingestion.FirstOrDefault(agent => agent.Rings.Contains(session))?.Wake?.Invoke();

    private void Remove(RingSession session)
    {
        if (!sessions.Remove(session))
        {
            return;
        }

        Mirrors.End(session);
        for (int i = 0; i < ingestion.Count; i++)
        {
            if (ingestion[i].Rings.Contains(session))
            {
                ingestion[i].Replace([.. ingestion[i].Rings.Where(other => !ReferenceEquals(other, session))]);
                leaving.Add(new Leaving(session, ingestion[i], syncing[i]));
            }
        }
    }

    // Both threads may be in the middle of a cycle that still knows the ring; the next one does not.
    private sealed class Leaving(RingSession session, IngestionAgent ingestion, SyncAgent syncing)
    {
        private readonly long ingestionCycle = ingestion.Cycles;
        private readonly long syncingCycle = syncing.Cycles;

        public RingSession Session { get; } = session;

        public bool IsUnused => ingestion.Cycles > ingestionCycle && syncing.Cycles > syncingCycle;
    }
}

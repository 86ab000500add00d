using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// The pulling half of an endpoint: an endpoint of libfabric's and the one thread that posts reads on it and reaps them.
/// </summary>
/// <remarks>
/// A pull reads the owner's exposure entry, and if it is still open, the region in segments. A failed read (a connection
/// that broke takes all reads in flight with it, whoever's fault it was) starts the pull anew after a pause, a few times.
/// The destination slab belongs to the lane until no read can write there any more, however long the caller has gone. If
/// such reads stay away, the libfabric endpoint is replaced: its connections are closed then, and with them the reads.
/// (Serving has an endpoint of its own, so peers notice nothing.) shm's targets write into this process by themselves;
/// there the slab is held until the read completes or the peer's process has gone.
/// </remarks>
internal sealed partial class PullLane : IDisposable
{
    /// <summary>One read's length: large enough to fill a pipe, small enough to share it.</summary>
    internal const int SegmentBytes = 1 << 20;

    private const int SegmentsPerPull = 4;
    private const int PeersExpected = 64;
    private const int IdleMilliseconds = 100;
    private const int QuarantineMilliseconds = 10;

    // Pauses before the second, third, ... attempt. A broken connection is noticed by the connection manager after some
    // milliseconds; a peer that has gone fails all attempts within 0.2 s.
    private static readonly int[] RetryMilliseconds = [5, 10, 25, 50, 100];

    private readonly FabricDomain domain;
    private readonly FabricOptions options;
    private readonly BulkCounters counters;
    private readonly Action<string> notice;
    private readonly bool shm;
    private readonly ConcurrentQueue<BulkPull> requests = new();
    private readonly List<BulkPull> active = [];
    private readonly AutoResetEvent woken = new(false);
    private readonly Socket bell = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    private readonly Lock signalGate = new();
    private readonly Thread thread;
    private readonly nint[] completed = new nint[ReadSlots.Count];
    private FabricEndpoint endpoint;
    private ReadSlots slots;
    private PeerCache peers;
    private int sleeping;
    private int first;
    private volatile bool stopping;

    internal PullLane(FabricDomain domain, FabricOptions options, BulkCounters counters, Action<string> notice)
    {
        this.domain = domain;
        this.options = options;
        this.counters = counters;
        this.notice = notice;
        shm = domain.AddressBytes == 0;
        endpoint = OpenEndpoint();
        slots = new ReadSlots(domain, endpoint);
        peers = new PeerCache(endpoint, shm);
        thread = new Thread(Run) { Name = "bulk pull", IsBackground = true };
    }

    /// <summary>Whom local registrations are bound to, where a provider wants that.</summary>
    internal FabricEndpoint Endpoint => endpoint;

    internal void Start() => thread.Start();

    /// <summary>Instead of <see cref="Start"/>: the endpoint could not be opened completely.</summary>
    internal void Discard()
    {
        endpoint.Dispose();
        slots.Dispose();
        woken.Dispose();
        bell.Dispose();
    }

    /// <summary>Takes over a pull and one reference on its destination; completes it.</summary>
    internal void Submit(BulkPull pull)
    {
        requests.Enqueue(pull);
        Wake();
        if (stopping)
        {
            // The thread may have emptied the queue for the last time already.
            RefuseRequests();
        }
    }

    /// <summary>Ends the lane's sleep, if it sleeps. From any thread.</summary>
    internal void Wake()
    {
        if (Interlocked.Exchange(ref sleeping, 0) == 0)
        {
            return;
        }

        if (shm)
        {
            woken.Set();
            return;
        }

        lock (signalGate)
        {
            endpoint.Signal();
        }
    }

    /// <summary>Fails what is under way and ends the thread.</summary>
    public void Dispose()
    {
        stopping = true;
        Interlocked.Exchange(ref sleeping, 1);
        Wake();
        thread.Join();
        woken.Dispose();
        bell.Dispose();
    }

    private FabricEndpoint OpenEndpoint() =>
        domain.OpenEndpoint(ReadSlots.Count * 2, PeersExpected, waitable: !shm);

    private void Run()
    {
        try
        {
            Cycle();
        }
        catch (Exception exception)
        {
            notice($"bulk: the pulling thread ends, and all pulls fail from now on: {exception}");
            stopping = true;
        }

        Close();
    }

    private void Cycle()
    {
        int idle = 0;
        while (!stopping)
        {
            bool worked = TakeRequests();
            worked |= Post();
            worked |= Handle(endpoint.ReadCompletions(completed));
            Expire();
            idle = worked ? 0 : idle + 1;
            if (!worked)
            {
                Idle(idle);
            }
        }
    }

    private bool TakeRequests()
    {
        bool any = false;
        while (requests.TryDequeue(out BulkPull? pull))
        {
            pull.Started = Environment.TickCount64;
            active.Add(pull);
            any = true;
        }

        return any;
    }

    private void Idle(int cycles)
    {
        bool waiting = active.Exists(static pull => !pull.Abandoned);
        int milliseconds = waiting ? 1 : active.Count > 0 ? QuarantineMilliseconds : IdleMilliseconds;
        if (shm && waiting)
        {
            PollSoon(cycles);
            return;
        }

        // Published before the queue is looked at again, so that a submitter either is seen or sees it.
        Interlocked.Exchange(ref sleeping, 1);
        if (requests.IsEmpty && !stopping)
        {
            if (shm)
            {
                woken.WaitOne(milliseconds);
            }
            else
            {
                Handle(endpoint.WaitCompletions(completed, milliseconds));
            }
        }

        Interlocked.Exchange(ref sleeping, 0);
    }

    // A read over shm completes within some ten microseconds when its target runs; a sleep costs about 80.
    private static void PollSoon(int cycles)
    {
        const int Yields = 100;
        const int SleepMicroseconds = 20;
        if (cycles <= Yields)
        {
            Thread.Yield();
        }
        else
        {
            ShortSleep.Microseconds(SleepMicroseconds);
        }
    }

    private void RefuseRequests()
    {
        while (requests.TryDequeue(out BulkPull? pull))
        {
            pull.TrySetException(new ChronoLogException(Status.Cancelled, "the bulk endpoint was closed"));
            pull.Destination.Release();
        }
    }

    private void Close()
    {
        bool closesReads = !shm || active.TrueForAll(ReadsAreOver);
        lock (signalGate)
        {
            CloseEndpoint();
        }

        foreach (BulkPull pull in active)
        {
            pull.TrySetException(new ChronoLogException(Status.Cancelled, "the bulk endpoint was closed"));
            if (closesReads || ReadsAreOver(pull))
            {
                pull.Destination.Release();
            }
            else
            {
                notice($"{pull.Destination.Length} bytes stay allocated: {pull.Peer?.Name} may still write there");
            }
        }

        active.Clear();
        slots.Dispose();
        RefuseRequests();
    }

    private void CloseEndpoint()
    {
        if (!shm || !ShmProcess.TryKeep(endpoint, domain))
        {
            endpoint.Dispose();
        }
    }

    private static bool ReadsAreOver(BulkPull pull) => pull.ReadsInFlight == 0 || pull.Peer is { Gone: true };

    private static TimeSpan Elapsed(long stopwatchTicks) => Stopwatch.GetElapsedTime(stopwatchTicks);
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Keeper.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Ingestion;

/// <summary>
/// Moves events from rings to journal and pipelines: takes a ring's committed frames, copies them into the journal,
/// walks the journal's copy (never the producer's memory, which may change under the walk), appends one index entry per
/// event, and gives the bytes back to the producers. Nothing per event but a header walk and one entry; no allocation.
/// </summary>
/// <remarks>
/// The rings are a copy-on-write array that the role's strand replaces. <see cref="Cycles"/> counts the beginnings of
/// duty cycles: once it has moved on after a replacement, nobody here uses what was taken out.
/// </remarks>
public sealed class IngestionAgent : IAgent
{
    // A third of what producers take for the consumer's death.
    private const long BeatNanoseconds = 250_000_000;

    // Of a ring with priority events, before every other ring has one: those still get a fifth of the thread.
    private const int PriorityBatches = 4;

    private readonly IJournal journal;
    private readonly IBaseClock clock;
    private readonly ITimers timers;
    private readonly ILogger logger;
    private readonly BatchIndexer indexer;
    private readonly ArrivalStamper stamper;
    private readonly ArrivalLatency latency;
    private readonly FenceList fences = new();
    private readonly EventTimeBounds eventTimes;
    private readonly long producerCheckNanoseconds;
    private readonly int batchBytes;
    private volatile RingSession[] rings = [];
    private long cycles;

    /// <param name="number">Of the ingestion thread, from 0.</param>
    /// <param name="options">The Keeper's.</param>
    /// <param name="journal">This thread's own.</param>
    /// <param name="stories">All threads'.</param>
    /// <param name="clock">For the bound on ticks and the arrival stamps.</param>
    /// <param name="timers">For heartbeats to the producers and looks at their processes.</param>
    /// <param name="arrivals">Gets how long events are on their way. All threads'.</param>
    /// <param name="logger">Told about rings that break the protocol.</param>
    public IngestionAgent(
        int number, KeeperOptions options, IJournal journal, StoryTable stories, IBaseClock clock, ITimers timers,
        LatencyWindow arrivals, ILogger logger)
    {
        Name = $"{options.Name} ingestion {number}";
        this.journal = journal;
        this.clock = clock;
        this.timers = timers;
        this.logger = logger;
        latency = new ArrivalLatency(arrivals);
        indexer = new BatchIndexer(number, stories);
        stamper = new ArrivalStamper(stories, journal.BatchBytesMax);
        batchBytes = Math.Min(options.BatchBytes, journal.BatchBytesMax);
        eventTimes = options.EventTimes;
        producerCheckNanoseconds = (long)options.ProducerCheckPeriod.TotalNanoseconds;
    }

    public string Name { get; }

    public IngestionCounters Counters { get; } = new();

    /// <summary>Duty cycles begun. From any thread.</summary>
    public long Cycles => Volatile.Read(ref cycles);

    /// <summary>The rings of this thread. Replaced as a whole, by the role's strand only.</summary>
    public IReadOnlyList<RingSession> Rings => rings;

    /// <summary>Ends the sleep of the thread that runs this agent; set by the composition.</summary>
    public Action? Wake { get; set; }

    /// <summary>Called from this thread when a ring is drained or was detached: it is to be removed.</summary>
    public Action<RingSession>? RingEnded { get; set; }

    public void Replace(RingSession[] sessions)
    {
        rings = sessions;
        Wake?.Invoke();
    }

    /// <summary>
    /// Completes when everything reserved in this thread's rings by now is journaled and indexed. Await it on a strand.
    /// </summary>
    public Task FenceAsync()
    {
        Task passed = fences.Add(rings);
        if (!passed.IsCompleted)
        {
            Wake?.Invoke();
        }

        return passed;
    }

    public int DoWork()
    {
        Volatile.Write(ref cycles, cycles + 1);
        int done = 0;
        long now = timers.MonotonicNanoseconds;
        RingSession[] served = rings;
        foreach (RingSession session in served)
        {
            // What came with it may change with the batch: each ring has its turn below all the same.
            for (int i = 0; i < PriorityBatches && session.HasPriority && IsServed(session); i++)
            {
                if (Serve(session, now) is var taken && taken == 0)
                {
                    break;
                }

                done += taken;
            }
        }

        foreach (RingSession session in served)
        {
            if (IsServed(session))
            {
                done += Serve(session, now);
            }
        }

        fences.CompletePassed();
        return done;
    }

    private static bool IsServed(RingSession session) => !session.IsDetached && !session.IsDrained;

    private int Serve(RingSession session, long now)
    {
        try
        {
            if (now >= session.NextBeat)
            {
                session.Ring.Beat();
                session.NextBeat = now + BeatNanoseconds;
            }

            int taken = Take(session, now);
            return taken > 0 ? taken : Watch(session, now);
        }
        catch (ChronoLogException exception)
        {
            Detach(session, exception);
            return 1;
        }
    }

    private int Take(RingSession session, long now)
    {
        IRecordingRing ring = session.Ring;
        ReadOnlySpan<byte> frames = ring.Committed(stamper.Room(batchBytes));
        if (frames.IsEmpty)
        {
            return 0;
        }

        ulong arrival = clock.Now;
        // The position behind a batch: padding that Committed passed over lies before the frames and is counted there.
        var origin = new BatchOrigin(ring.ClientId, ring.RingId, ring.Consumed + frames.Length, arrival);
        if (!journal.TryAppend(origin, stamper.Stamp(frames, arrival), out JournalSpan copy))
        {
            Counters.AddBlocked();
            return 0; // the ring fills, and its producers wait: back-pressure, never loss
        }

        BatchTally tally = indexer.Index(copy, ring.ClientId, eventTimes.AtKeeper(arrival));
        session.HasPriority = tally.HasPriority;
        Counters.AddBatch(tally, frames.Length);
        latency.Note(tally.Oldest, arrival, now);
        ring.Consume(frames.Length);
        session.PublishIndexed(ring.Consumed);
        return tally.Events + 1;
    }

    // Only a ring that gave nothing is looked at more closely: its producer may have gone.
    private int Watch(RingSession session, long now)
    {
        IRecordingRing ring = session.Ring;
        if (now < session.NextProducerCheck && !session.IsClosing)
        {
            return 0;
        }

        session.NextProducerCheck = now + producerCheckNanoseconds;
        bool isDead = !ring.ProducerAlive;
        bool isClosed = session.IsClosing || ring.ProducerClosed;
        if (!isDead && !isClosed)
        {
            return 0;
        }

        // What was committed before the death or the closing was seen is taken first.
        if (!ring.Committed(batchBytes).IsEmpty)
        {
            return Take(session, now);
        }

        if (ring.Tail > ring.Consumed)
        {
            return isDead ? Skip(session) : 0;
        }

        session.PublishIndexed(ring.Consumed);
        if (!isDead && session.Durable < ring.Consumed)
        {
            return 0; // a client that went over to another Keeper still waits to hear that this much is synced
        }

        session.IsDrained = true;
        RingEnded?.Invoke(session);
        return 1;
    }

    private int Skip(RingSession session)
    {
        int skipped = session.Ring.SkipAbandoned();
        Counters.AddAbandoned(skipped);
        session.PublishIndexed(session.Ring.Consumed);
        return skipped > 0 ? 1 : 0;
    }

    private void Detach(RingSession session, ChronoLogException exception)
    {
        session.IsDetached = true;
        session.Ring.CloseToProducers(); // they fail at once instead of waiting for room that never comes
        Counters.AddDetached();
        logger.LogError(
            "{Name}: ring {Ring} of client {Client} (pid {Pid}, {Path}) broke the protocol and is not followed any "
            + "more: {Reason}; the client must connect again",
            Name, session.Ring.RingId, session.ClientId, session.Pid, session.Ring.Path, exception.Message);
        RingEnded?.Invoke(session);
    }
}

using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>
/// Brings the events of each granule into the order of their arrival stamps, equal ones and those without a stamp (which
/// come first) into the order of their EventSequences. A granule that is whole within a run is ordered where it lies; one
/// that reaches into the next run is put together in memory of its own, which is bounded.
/// </summary>
/// <param name="merged">Gives events in order of EventSequence, each once. Is disposed with this.</param>
/// <param name="granularity">Nanoseconds in a granule.</param>
/// <param name="granuleBytesMax">Most bytes of records and index of one granule.</param>
public sealed class ArrivalReadSource(
    IReadSource merged, ulong granularity, long granuleBytesMax = ArrivalReadSource.GranuleBytesMax) : IReadSource
{
    /// <summary>
    /// A second of 500,000 events of 100 bytes. Each replay of a story with coarse granules may hold as much.
    /// </summary>
    public const long GranuleBytesMax = 64 << 20;

    private readonly OpenGranule open = new(granuleBytesMax);
    private EventRun? waiting;
    private bool finished;

    public string Name => merged.Name;

    public ulong EventEstimate => merged.EventEstimate;

    public IReadOnlyList<Gap> Gaps => merged.Gaps;

    /// <exception cref="ChronoLogException">LimitExceeded: one granule holds more than can be ordered.</exception>
    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        while (waiting is null && !finished)
        {
            EventRun? run = await merged.NextAsync(cancellation);
            try
            {
                finished = run is null;
                EventRun? ended = run is null ? open.Close() : Take(run);
                if (ended is not null)
                {
                    return ended;
                }
            }
            finally
            {
                run?.Release();
            }
        }

        EventRun? next = waiting;
        waiting = null;
        return next;
    }

    public async ValueTask DisposeAsync()
    {
        finished = true;
        open.Dispose();
        waiting?.Release();
        waiting = null;
        await merged.DisposeAsync();
    }

    // The granule that ended in this run, if one was open; what is whole in it waits; the rest opens the next granule.
    private EventRun? Take(EventRun run)
    {
        ReadOnlySpan<EventEntry> entries = run.Entries;
        int whole = 0;
        EventRun? ended = null;
        if (!open.IsEmpty)
        {
            whole = GranuleLength(entries, Granule(open.EventTime));
            open.Add(entries[..whole]);
            if (whole == entries.Length)
            {
                return null;
            }

            ended = open.Close();
        }

        int tail = entries.Length - 1;
        ulong last = Granule(entries[tail].EventTime);
        while (tail > whole && Granule(entries[tail - 1].EventTime) == last)
        {
            tail--;
        }

        open.Add(entries[tail..]);
        waiting = tail > whole ? Ordered(run, whole, tail - whole) : null;
        if (ended is null)
        {
            (ended, waiting) = (waiting, null);
        }

        return ended;
    }

    private EventRun Ordered(EventRun run, int start, int count)
    {
        EventEntry[] entries = EntryPool.Rent(count);
        run.Entries.Slice(start, count).CopyTo(entries);
        for (int at = 0; at < count;)
        {
            Span<EventEntry> rest = entries.AsSpan(at, count - at);
            int length = GranuleLength(rest, Granule(rest[0].EventTime));
            ArrivalOrder.Sort(rest[..length]);
            at += length;
        }

        var holder = new RunSetBlock([run]);
        return new EventRun(new RunStorage(entries, count, [holder], 1, pooled: true), 0, count, recordBytes: -1);
    }

    private int GranuleLength(ReadOnlySpan<EventEntry> entries, ulong granule)
    {
        int length = 0;
        while (length < entries.Length && Granule(entries[length].EventTime) == granule)
        {
            length++;
        }

        return length;
    }

    private ulong Granule(ulong tick) => tick / granularity;
}

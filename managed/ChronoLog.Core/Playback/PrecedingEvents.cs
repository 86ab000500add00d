using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;

namespace ChronoLog.Core.Playback;

/// <summary>
/// What may lie before a read's range, said in few numbers and without reading it: pieces, each of at most so many events of
/// which none is later than some tick. Never too few: an event may count twice, or count though there is none.
/// </summary>
public sealed class PrecedingEvents
{
    /// <summary>A piece of which nobody knows how many events it has.</summary>
    public const ulong CountUnknown = ulong.MaxValue;

    /// <summary>
    /// Pieces in a message: 18 bytes each. What is over is put together, the old ones first, which matter least.
    /// </summary>
    public const int MessagePiecesMax = 128;

    // The piece next to the range; the one before it has twice as many events, and so on.
    private const int LastPieceEvents = 64;

    private readonly List<(ulong Last, ulong Count)> pieces = [];

    /// <summary>Of a read whose server does not count them.</summary>
    public static PrecedingEvents Unknown
    {
        get
        {
            var unknown = new PrecedingEvents();
            unknown.Add(ulong.MaxValue, CountUnknown);
            return unknown;
        }
    }

    /// <summary>At most <paramref name="count"/> events, none later than <paramref name="last"/>.</summary>
    public void Add(ulong last, ulong count)
    {
        if (count > 0)
        {
            pieces.Add((last, count));
        }
    }

    /// <summary>Events in memory, in order of EventSequence: as pieces, the smaller the later.</summary>
    public void Add(ReadOnlySpan<EventEntry> entries)
    {
        for (int size = LastPieceEvents; !entries.IsEmpty; size = Math.Min(2 * size, 1 << 30))
        {
            int count = Math.Min(size, entries.Length);
            Add(entries[^1].EventTime, (ulong)count);
            entries = entries[..^count];
        }
    }

    /// <summary>The same of several runs.</summary>
    public void Add(IEnumerable<EventRun> runs)
    {
        foreach (EventRun run in runs)
        {
            Add(run.Entries);
        }
    }

    /// <summary>Those of another source.</summary>
    public void Add(PrecedingEvents others) => pieces.AddRange(others.pieces);

    /// <summary>
    /// The tick from which on granules are certainly free when each of these events has a granule of its own and those whose
    /// granule is taken have moved on to the next free one; 2^64 - 1 where nothing is certain.
    /// </summary>
    /// <param name="granularity">Nanoseconds.</param>
    public ulong FreeFrom(ulong granularity)
    {
        // An event leaves at most as many granules behind it taken as there are events from it on: of its piece and the later.
        ulong free = 0;
        foreach ((ulong last, ulong count) in pieces.OrderBy(static piece => piece.Last))
        {
            free = ChronoTick.AddSaturating(Math.Max(free, last / granularity), count);
        }

        return ChronoTick.MultiplySaturating(free, granularity);
    }

    /// <summary>For a message.</summary>
    public IEnumerable<EventCount> ToMessages()
    {
        List<(ulong Last, ulong Count)> given = [.. pieces.OrderByDescending(static piece => piece.Last)];
        while (given.Count > MessagePiecesMax)
        {
            // The older half in pairs: what is said of it is coarser the further away it lies.
            List<(ulong Last, ulong Count)> coarse = given[..(given.Count / 2)];
            for (int i = coarse.Count; i < given.Count; i += 2)
            {
                ulong other = i + 1 < given.Count ? given[i + 1].Count : 0;
                coarse.Add((given[i].Last, ChronoTick.AddSaturating(given[i].Count, other)));
            }

            given = coarse;
        }

        return given.Select(static piece => new EventCount { Last = piece.Last, Count = piece.Count });
    }

    /// <summary>From a message.</summary>
    public static PrecedingEvents Of(OpenReadReply reply)
    {
        if (!reply.CountedBefore)
        {
            return Unknown;
        }

        var preceding = new PrecedingEvents();
        foreach (EventCount piece in reply.Before)
        {
            preceding.Add(piece.Last, piece.Count);
        }

        return preceding;
    }
}

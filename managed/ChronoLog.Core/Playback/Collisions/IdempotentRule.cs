using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>Of the events in one granule the one with the greatest EventSequence is shown.</summary>
/// <param name="granularity">Nanoseconds in a granule.</param>
/// <param name="startTime">First tick of what is given out.</param>
/// <param name="endTime">Tick after the last.</param>
public sealed class IdempotentRule(ulong granularity, ulong startTime, ulong endTime)
    : EntryRule(granularity, startTime, endTime)
{
    private EventEntry last;
    private bool hasLast;

    public override (ulong StartTime, ulong EndTime) Widen() =>
        (StartTime, EndTime == 0 ? 0 : Math.Max(EndTime, GranuleEnd(EndTime - 1)));

    public override ulong Watermark(ulong stored) => GranuleStart(stored);

    public override Gap Widen(Gap stored) => new(stored)
    {
        StartTime = GranuleStart(stored.StartTime),
        EndTime = stored.EndTime == 0 ? 0 : Math.Max(stored.EndTime, GranuleEnd(stored.EndTime - 1)),
    };

    public override int Apply(ReadOnlySpan<EventEntry> entries, Span<EventEntry> target)
    {
        int given = 0;
        foreach (ref readonly EventEntry entry in entries)
        {
            if (hasLast && GranuleStart(last.EventTime) != GranuleStart(entry.EventTime) && IsShown(last.EventTime))
            {
                target[given++] = last;
            }

            last = entry;
            hasLast = true;
        }

        return given;
    }

    public override int Finish(Span<EventEntry> target)
    {
        bool gives = hasLast && IsShown(last.EventTime);
        hasLast = false;
        if (gives)
        {
            target[0] = last;
        }

        return gives ? 1 : 0;
    }
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>Each event is shown at a tick whose granule is its own.</summary>
/// <param name="granularity">Nanoseconds in a granule.</param>
/// <param name="startTime">First tick of what is given out, by the ticks that are shown.</param>
/// <param name="endTime">Tick after the last.</param>
public sealed class SequentialRule(ulong granularity, ulong startTime, ulong endTime)
    : EntryRule(granularity, startTime, endTime)
{
    private ulong free;
    private bool isFull;

    // Whether a granule is free depends on everything before it.
    public override (ulong StartTime, ulong EndTime) Widen() => (0, EndTime);

    public override ulong Watermark(ulong stored) => stored;

    public override Gap Widen(Gap stored) => new(stored) { EndTime = Math.Max(stored.EndTime, EndTime) };

    /// <exception cref="ChronoLogException">LimitExceeded: no granule is left before the end of time.</exception>
    public override int Apply(ReadOnlySpan<EventEntry> entries, Span<EventEntry> target)
    {
        int given = 0;
        foreach (ref readonly EventEntry entry in entries)
        {
            if (isFull)
            {
                throw new ChronoLogException(
                    Status.LimitExceeded, $"no tick is free for the event of {entry.EventTime}: the end of time is reached");
            }

            ulong tick = Math.Max(entry.EventTime, free);
            free = GranuleEnd(tick);
            isFull = free == ulong.MaxValue;
            if (IsShown(tick))
            {
                target[given++] = tick == entry.EventTime
                    ? entry
                    : new EventEntry(tick, entry.ClientId, entry.EventIndex, entry.Address, entry.Length);
            }
        }

        return given;
    }

    public override int Finish(Span<EventEntry> target) => 0;
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>Each event is shown at a tick whose granule is its own.</summary>
/// <remarks>
/// All that earlier events mean to the next one is the first free granule. So the rule can begin anywhere in a story, if it is
/// told which granule is the first free one at most: it follows both, that one and the least one. With every granule that
/// stays free between events the two come nearer, and once they are the same, what lies before does not matter any more.
/// </remarks>
/// <param name="granularity">Nanoseconds in a granule.</param>
/// <param name="startTime">First tick of what is given out, by the ticks that are shown.</param>
/// <param name="endTime">Tick after the last.</param>
public sealed class SequentialRule(ulong granularity, ulong startTime, ulong endTime)
    : EntryRule(granularity, startTime, endTime)
{
    private ulong free;
    private ulong freeAtMost;
    private bool isFull;

    /// <summary>What was fed does not settle what is shown: begin earlier. Nothing was given out.</summary>
    public bool LacksEarlier { get; private set; }

    public override bool IsFinished => LacksEarlier || (free >= EndTime && EndTime != ulong.MaxValue);

    // Whether a granule is free depends on everything before it.
    public override (ulong StartTime, ulong EndTime) Widen() => (0, EndTime);

    public override ValueTask<ReadPlan> PlanAsync(StoredPlan stored, CancellationToken cancellation) =>
        LookBackSource.PlanAsync(this, stored, cancellation);

    public override ulong Watermark(ulong stored) => stored;

    public override Gap Widen(Gap stored) => new(stored)
    {
        StartTime = Math.Max(stored.StartTime, StartTime), EndTime = Math.Max(stored.EndTime, EndTime),
    };

    /// <summary>The rule for events from the middle of the story on.</summary>
    /// <param name="freeAtMost">
    /// First tick of a granule which no event before those has, nor any after it; not after the start of the range.
    /// </param>
    internal SequentialRule From(ulong freeAtMost)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(freeAtMost, StartTime);
        return new SequentialRule(Granularity, StartTime, EndTime) { freeAtMost = freeAtMost };
    }

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
            if (freeAtMost > free && !Settles(entry.EventTime, tick))
            {
                return 0;
            }

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

    // False: the event may be one that is shown, and nobody knows where.
    private bool Settles(ulong eventTime, ulong tick)
    {
        ulong latest = Math.Max(eventTime, freeAtMost);
        LacksEarlier = latest != tick && latest >= StartTime;
        freeAtMost = GranuleEnd(latest);
        return !LacksEarlier;
    }
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>
/// A rule that goes over the events once: fed with them in order of EventSequence, each once, it gives those that a replay
/// shows, in order.
/// </summary>
public abstract class EntryRule : CollisionRule
{
    private protected EntryRule(ulong granularity, ulong startTime, ulong endTime)
        : base(granularity, startTime, endTime)
    {
    }

    /// <summary>Nothing more comes of it, whatever it is fed with.</summary>
    public virtual bool IsFinished => false;

    public override ReadPlan Over(ReadPlan plan) =>
        new([new CollisionReadSource(plan, this)], Watermark(plan.Watermark), []);

    /// <summary>
    /// The tick below which what is shown is final, when the stored events are complete below the given one.
    /// </summary>
    public abstract ulong Watermark(ulong stored);

    /// <summary>What may be wrong when stored events of a range are missing.</summary>
    public abstract Gap Widen(Gap stored);

    /// <summary>Takes the next events. What is given out is among them, or was the last one of the call before.</summary>
    /// <param name="entries">In order, each EventSequence once, also from call to call.</param>
    /// <param name="target">Room for one more than the entries.</param>
    /// <returns>How many were given out.</returns>
    public abstract int Apply(ReadOnlySpan<EventEntry> entries, Span<EventEntry> target);

    /// <summary>No more events come.</summary>
    /// <param name="target">Room for one.</param>
    /// <returns>How many were given out: 0 or 1.</returns>
    public abstract int Finish(Span<EventEntry> target);
}

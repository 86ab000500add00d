using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>
/// What a collision policy makes of a story's events: fed with them in order of EventSequence, each once, it gives those
/// that a replay shows, in order.
/// </summary>
public abstract class CollisionRule
{
    /// <param name="granularity">Nanoseconds in a granule, at least 1.</param>
    /// <param name="startTime">First tick of what is given out.</param>
    /// <param name="endTime">Tick after the last; 2^64 - 1 includes the last tick.</param>
    private protected CollisionRule(ulong granularity, ulong startTime, ulong endTime)
    {
        ArgumentOutOfRangeException.ThrowIfZero(granularity);
        Granularity = granularity;
        StartTime = startTime;
        EndTime = endTime;
    }

    protected ulong Granularity { get; }

    protected ulong StartTime { get; }

    protected ulong EndTime { get; }

    /// <summary>The rule of a story's chronicle; null when every event is shown as it is stored.</summary>
    /// <param name="story">Its attributes decide.</param>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <exception cref="ChronoLogException">InvalidArgument: attributes that no chronicle has.</exception>
    public static CollisionRule? Of(StoryDescriptor story, ulong startTime, ulong endTime)
    {
        ChronicleAttributes attributes = ChronicleAttributes.Parse(story.Attributes);
        return attributes.Collision switch
        {
            CollisionPolicy.Idempotent =>
                new IdempotentRule(attributes.GranularityNanoseconds, startTime, endTime),
            CollisionPolicy.Sequentiality =>
                new SequentialRule(attributes.GranularityNanoseconds, startTime, endTime),
            _ => null,
        };
    }

    /// <summary>The range whose events decide what is shown in the range asked for.</summary>
    public abstract (ulong StartTime, ulong EndTime) Widen();

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

    protected bool IsShown(ulong tick) => tick >= StartTime && (tick < EndTime || EndTime == ulong.MaxValue);

    protected ulong GranuleStart(ulong tick) => tick - (tick % Granularity);

    /// <summary>First tick after the granule; the end of time when there is none.</summary>
    protected ulong GranuleEnd(ulong tick)
    {
        ulong start = GranuleStart(tick);
        return start > ulong.MaxValue - Granularity ? ulong.MaxValue : start + Granularity;
    }
}

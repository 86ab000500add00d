using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>What a collision policy makes of a story's events, when they are read.</summary>
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

    /// <summary>Its plan is to be made of reads with arrival stamps.</summary>
    public virtual bool NeedsArrivals => false;

    /// <summary>Nanoseconds in a granule.</summary>
    public ulong Granularity { get; }

    /// <summary>First tick of what is given out.</summary>
    public ulong StartTime { get; }

    /// <summary>Tick after the last.</summary>
    public ulong EndTime { get; }

    /// <summary>The rule of a story's chronicle; null when every event is shown as it is stored.</summary>
    /// <param name="story">Its attributes decide.</param>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <exception cref="ChronoLogException">InvalidArgument: attributes that no chronicle has.</exception>
    public static CollisionRule? Of(StoryDescriptor story, ulong startTime, ulong endTime)
    {
        ChronicleAttributes attributes = ChronicleAttributes.Parse(story.Attributes);
        ulong granularity = attributes.GranularityNanoseconds;
        return attributes.Collision switch
        {
            CollisionPolicy.Idempotent => new IdempotentRule(granularity, startTime, endTime),
            CollisionPolicy.Sequentiality => new SequentialRule(granularity, startTime, endTime),
            CollisionPolicy.Ordering => new OrderingRule(granularity, startTime, endTime),
            _ => null,
        };
    }

    /// <summary>The range whose events decide what is shown in the range asked for.</summary>
    public abstract (ulong StartTime, ulong EndTime) Widen();

    /// <summary>The plan of a replay that follows the rule.</summary>
    /// <param name="plan">Of the wider range, without a limit on events. The new plan disposes it.</param>
    public abstract ReadPlan Over(ReadPlan plan);

    /// <summary>The same, of a plan that is made here: by those who do not need to read all of the wider range.</summary>
    public virtual async ValueTask<ReadPlan> PlanAsync(StoredPlan stored, CancellationToken cancellation)
    {
        (ulong start, ulong end) = Widen();
        return Over(await stored(start, end, cancellation));
    }

    /// <summary>First tick of the granule.</summary>
    public ulong GranuleStart(ulong tick) => tick - (tick % Granularity);

    protected bool IsShown(ulong tick) => tick >= StartTime && (tick < EndTime || EndTime == ulong.MaxValue);

    /// <summary>First tick after the granule; the end of time when there is none.</summary>
    protected ulong GranuleEnd(ulong tick)
    {
        ulong start = GranuleStart(tick);
        return start > ulong.MaxValue - Granularity ? ulong.MaxValue : start + Granularity;
    }
}

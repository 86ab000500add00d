namespace ChronoLog.Core.Playback.Collisions;

/// <summary>All events are shown with the ticks that they have; those of one granule in order of their arrival.</summary>
/// <param name="granularity">Nanoseconds in a granule.</param>
/// <param name="startTime">First tick of what is given out.</param>
/// <param name="endTime">Tick after the last.</param>
public sealed class OrderingRule(ulong granularity, ulong startTime, ulong endTime)
    : CollisionRule(granularity, startTime, endTime)
{
    public override bool NeedsArrivals => true;

    // Which of two events comes first depends on them alone: a part of a granule is in the order of the whole.
    public override (ulong StartTime, ulong EndTime) Widen() => (StartTime, EndTime);

    public override ReadPlan Over(ReadPlan plan) =>
        new([new ArrivalReadSource(new CollisionReadSource(plan, rule: null), Granularity)], plan.Watermark, [])
        {
            IsByArrival = true,
        };
}

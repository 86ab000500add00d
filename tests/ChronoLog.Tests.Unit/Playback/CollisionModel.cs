namespace ChronoLog.Tests.Unit.Playback;

/// <summary>What a collision policy shows of a set of events, said as plainly as can be.</summary>
internal static class CollisionModel
{
    /// <param name="policy">As in the attribute.</param>
    /// <param name="granularity">Nanoseconds.</param>
    /// <param name="events">In order, each once.</param>
    public static List<TestEvent> Shown(string policy, ulong granularity, List<TestEvent> events)
    {
        if (policy == "idempotent")
        {
            return [.. events.GroupBy(e => e.Time / granularity).Select(granule => granule.MaxBy(e => e.Sequence)!)];
        }

        var shown = new List<TestEvent>();
        foreach (TestEvent e in events)
        {
            ulong granule = shown.Count == 0
                ? e.Time / granularity
                : Math.Max(e.Time / granularity, (shown[^1].Time / granularity) + 1);
            shown.Add(e with { Time = Math.Max(e.Time, granule * granularity) });
        }

        return shown;
    }
}

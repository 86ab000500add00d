namespace ChronoLog.Core.Time;

/// <summary>Ticks that are taken.</summary>
/// <param name="Least">ChronoTick, inclusive.</param>
/// <param name="Most">ChronoTick, inclusive.</param>
public readonly record struct EventTimeRange(ulong Least, ulong Most)
{
    public static EventTimeRange All { get; } = new(0, ulong.MaxValue);

    /// <summary>One comparison: it is asked for every event.</summary>
    public bool Contains(ulong tick) => unchecked(tick - Least) <= Most - Least;
}

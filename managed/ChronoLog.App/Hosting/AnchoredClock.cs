using ChronoLog.Core.Ports;

namespace ChronoLog.App.Hosting;

/// <summary>
/// The Visor's clock: the monotonic clock, anchored once to the Unix epoch. Steps of the wall clock have no effect, and the
/// mark in the metadata keeps time from going back across a restart.
/// </summary>
internal sealed class AnchoredClock : IBaseClock
{
    private const string MarkKey = "clock-mark";

    private readonly ITimers timers;
    private readonly IMetadataStore store;
    private readonly ulong start;
    private readonly long anchor;

    /// <param name="timers">The monotonic clock.</param>
    /// <param name="store">Keeps the mark.</param>
    /// <param name="utcNow">The wall clock, read once.</param>
    public AnchoredClock(ITimers timers, IMetadataStore store, Func<DateTime> utcNow)
    {
        this.timers = timers;
        this.store = store;
        ulong wall = (ulong)(utcNow() - DateTime.UnixEpoch).Ticks * 100;
        ulong mark = ulong.TryParse(store.GetValue(MarkKey), out ulong kept) ? kept : 0;
        anchor = timers.MonotonicNanoseconds;
        // The mark is renewed every period: a tick further than two periods beyond it was never given out.
        start = wall > mark ? wall : mark + (ulong)(2 * MarkPeriod.TotalNanoseconds);
        Mark();
    }

    public static TimeSpan MarkPeriod { get; } = TimeSpan.FromSeconds(1);

    public ulong Now => start + (ulong)(timers.MonotonicNanoseconds - anchor);

    /// <summary>The base clock is right by definition.</summary>
    public ulong UncertaintyNanoseconds => 0;

    /// <summary>Writes the mark now; to be called every <see cref="MarkPeriod"/>.</summary>
    public void Mark() => store.PutValue(MarkKey, Now.ToString(System.Globalization.CultureInfo.InvariantCulture));
}

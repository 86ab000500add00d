using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Visor.Clock;

/// <summary>
/// The base clock: the Visor's monotonic clock, anchored once to the Unix epoch. Steps of the wall clock have no
/// effect, and time never goes back over restarts.
/// </summary>
/// <remarks>
/// Two things are kept in the metadata. The <i>anchor</i> (boot, monotonic time, tick): a Visor that starts again in
/// the same run of the operating system goes on with it exactly, so nobody notices the restart. The <i>mark</i>,
/// written ahead: no tick beyond it is told to anyone. A Visor that starts on another boot or node begins at its wall
/// clock, not before the mark; where the wall clock is behind the mark by more than a bound, it refuses to start. The
/// mark lies
/// <see cref="Ahead"/> in the future and is renewed every <see cref="MarkPeriod"/>, so that no answer waits for a disk.
/// </remarks>
public sealed class BaseClock : IVisorClock
{
    private const string MarkKey = "clock-mark";
    private const string AnchorKey = "clock-anchor";
    private const double NoticeableSeconds = 1;

    private readonly ITimers timers;
    private readonly IMetadataStore store;
    private readonly BaseClockAnchor anchor;
    private ulong mark;

    private BaseClock(ITimers timers, IMetadataStore store, BaseClockAnchor anchor, ulong mark)
    {
        (this.timers, this.store, this.anchor, this.mark) = (timers, store, anchor, mark);
        Mark();
    }

    public static TimeSpan MarkPeriod { get; } = TimeSpan.FromSeconds(1);

    /// <summary>How far ahead the mark is written: three periods, of which two may be missed.</summary>
    public static TimeSpan Ahead { get; } = TimeSpan.FromSeconds(3);

    public ulong Now => anchor.At(timers.MonotonicNanoseconds);

    /// <summary>The base clock is right by definition.</summary>
    public ulong UncertaintyNanoseconds => 0;

    /// <summary>
    /// Another one after every start that could not go on from the anchor: what was measured against an earlier one
    /// says nothing about this one.
    /// </summary>
    public ulong Epoch => anchor.Tick;

    /// <param name="timers">The monotonic clock.</param>
    /// <param name="store">Keeps anchor and mark; stays the caller's.</param>
    /// <param name="utcNow">The wall clock, read once.</param>
    /// <param name="options">Boot and bounds.</param>
    /// <param name="logger">Told how the clock began.</param>
    /// <exception cref="ChronoLogException">InvalidArgument: the wall clock is too far behind the mark.</exception>
    public static BaseClock Open(
        ITimers timers, IMetadataStore store, Func<DateTime> utcNow, BaseClockOptions options, ILogger logger)
    {
        ulong wall = (ulong)(utcNow() - DateTime.UnixEpoch).Ticks * 100;
        ulong mark = ulong.TryParse(
            store.GetValue(MarkKey), NumberStyles.None, CultureInfo.InvariantCulture, out ulong kept) ? kept : 0;
        long now = timers.MonotonicNanoseconds;
        if (!options.IsAnchoredAnew
            && BaseClockAnchor.TryParse(store.GetValue(AnchorKey), out BaseClockAnchor? known)
            && known.GoesOn(options.BootId, now, ChronoTick.SubtractSaturating(mark, Nanoseconds(Ahead))))
        {
            ulong tick = known.At(now);
            double off = ((double)wall - tick) / ChronoTick.NanosecondsPerSecond;
            logger.Log(
                Math.Abs(off) < NoticeableSeconds ? LogLevel.Information : LogLevel.Warning,
                "the base clock goes on at {Tick}, as before the restart; the wall clock is {Seconds:0.000} s ahead of it",
                ChronoTick.Format(tick), off);
            return new BaseClock(timers, store, known, mark);
        }

        ulong start = Begin(wall, mark, options, logger);
        var anchor = new BaseClockAnchor(options.BootId, now, start);
        store.PutValue(AnchorKey, anchor.ToString());
        return new BaseClock(timers, store, anchor, mark);
    }

    /// <summary>Writes the mark ahead; to be called every <see cref="MarkPeriod"/>.</summary>
    /// <exception cref="ChronoLogException">It could not be written.</exception>
    public void Mark()
    {
        ulong next = ChronoTick.AddSaturating(Now, Nanoseconds(Ahead));
        if (next > mark)
        {
            store.PutValue(MarkKey, next.ToString(CultureInfo.InvariantCulture));
            Volatile.Write(ref mark, next);
        }
    }

    /// <summary>Now, for others: never beyond the mark.</summary>
    /// <exception cref="ChronoLogException">The mark could not be written.</exception>
    public ulong Tell()
    {
        ulong now = Now;
        if (now >= mark)
        {
            Mark();
        }

        return now;
    }

    public bool TryTell(out ulong now)
    {
        now = Now;
        return now < Volatile.Read(ref mark);
    }

    private static ulong Begin(ulong wall, ulong mark, BaseClockOptions options, ILogger logger)
    {
        if (wall >= mark)
        {
            logger.LogInformation("the base clock begins at the wall clock, {Tick}", ChronoTick.Format(wall));
            return wall;
        }

        double behind = (mark - wall) / (double)ChronoTick.NanosecondsPerSecond;
        if (mark - wall > Nanoseconds(options.BehindMax))
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the wall clock of this node ({ChronoTick.Format(wall)}) is {behind:0.0} s behind the ticks that this "
                    + $"deployment has given out (through {ChronoTick.Format(mark)}), and time must not go back: set the "
                    + $"node's clock, or raise clock-behind-max ({options.BehindMax.TotalSeconds:0.###} s) to go on from there"));
        }

        logger.LogWarning(
            "the wall clock is {Seconds:0.000} s behind the ticks given out before; the base clock goes on at {Tick}",
            behind, ChronoTick.Format(mark));
        return mark;
    }

    private static ulong Nanoseconds(TimeSpan duration) => (ulong)duration.Ticks * 100;
}

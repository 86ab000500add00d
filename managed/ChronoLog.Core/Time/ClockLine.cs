namespace ChronoLog.Core.Time;

/// <summary>
/// A process's clock between two corrections: a line from the local clock to ticks, in integers, as the native clock
/// computes it. A correction is slewed over <paramref name="SlewNanoseconds"/>; after that the line runs at the
/// estimated drift.
/// </summary>
/// <param name="BaseLocal">Local nanoseconds of the line's beginning.</param>
/// <param name="BaseTick">ChronoTick there.</param>
/// <param name="Rate">Ticks per local nanosecond while slewing, 32.32 fixed point.</param>
/// <param name="SlewNanoseconds">For how long, in local nanoseconds.</param>
/// <param name="RateAfter">Ticks per local nanosecond from then on.</param>
/// <param name="Uncertainty">Nanoseconds, at the beginning, of the estimate that the line leads to.</param>
/// <param name="Growth">By how much the uncertainty grows, in billionths.</param>
/// <param name="Correction">Nanoseconds that are slewed away; counted as uncertain until they are.</param>
public readonly record struct ClockLine(
    ulong BaseLocal,
    ulong BaseTick,
    ulong Rate,
    ulong SlewNanoseconds,
    ulong RateAfter,
    ulong Uncertainty,
    ulong Growth,
    ulong Correction)
{
    /// <summary>A rate of exactly 1.</summary>
    public const ulong RateOne = 1UL << 32;

    private const ulong Billion = 1_000_000_000;

    /// <summary>ChronoTick at a moment of the local clock; before the beginning it stands.</summary>
    public ulong At(ulong local)
    {
        ulong elapsed = Elapsed(local);
        return elapsed <= SlewNanoseconds
            ? BaseTick + Scale(elapsed, Rate)
            : BaseTick + Scale(SlewNanoseconds, Rate) + Scale(elapsed - SlewNanoseconds, RateAfter);
    }

    /// <summary>The true base tick is within At(local) ± this.</summary>
    public ulong UncertaintyAt(ulong local)
    {
        ulong elapsed = Elapsed(local);
        ulong growth = (ulong)((UInt128)elapsed * Growth / Billion);
        return Uncertainty + growth + (elapsed < SlewNanoseconds ? Correction : 0);
    }

    private ulong Elapsed(ulong local)
    {
        ulong elapsed = unchecked(local - BaseLocal);
        return (long)elapsed < 0 ? 0 : elapsed;
    }

    private static ulong Scale(ulong nanoseconds, ulong rate) => (ulong)(((UInt128)nanoseconds * rate) >> 32);
}

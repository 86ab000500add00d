namespace ChronoLog.Core.Time;

/// <summary>
/// Leads a process's clock to the estimate: the first one sets it, every later one is slewed. So ticks never go back
/// and never jump, whatever the base clock does. Pure.
/// </summary>
public sealed class ClockDiscipline
{
    /// <summary>
    /// How fast a correction is made: a millisecond takes a second, and two processes that hear of a jump of the base
    /// clock a minute apart differ by 60 ms meanwhile.
    /// </summary>
    public const double SlewMax = 1e-3;

    // Beyond, the durations would not fit 64 bits: 31 years of ticks.
    private const double CorrectionMax = 1e18;
    private const double SlewNanosecondsMax = 4e18;

    private ClockLine? line;

    /// <summary>The line in force.</summary>
    public ClockLine Line => line ?? throw new InvalidOperationException("the clock has not been set");

    public bool IsSet => line is not null;

    /// <summary>What the last correction was to slew away: positive = the base clock was ahead.</summary>
    public long LastCorrection { get; private set; }

    /// <summary>A new line from this moment on.</summary>
    /// <param name="local">Now, on the local clock.</param>
    /// <param name="estimate">Of the same moment.</param>
    public ClockLine Steer(ulong local, ClockEstimate estimate)
    {
        ulong tick = line is { } before ? before.At(local) : estimate.Tick;
        long correction = unchecked((long)(estimate.Tick - tick));
        double size = Math.Min(Math.Abs((double)correction), CorrectionMax);
        double slew = Math.Min(Math.Ceiling(size / SlewMax), SlewNanosecondsMax);
        LastCorrection = correction;
        var next = new ClockLine(
            local,
            tick,
            Rate(1 + estimate.Drift + (correction < 0 ? -SlewMax : SlewMax)),
            (ulong)slew,
            Rate(1 + estimate.Drift),
            estimate.Uncertainty,
            (ulong)Math.Ceiling(estimate.DriftUncertainty * 1e9) + 1, // and a billionth for the rate's rounding
            (ulong)size + 1);
        line = next;
        return next;
    }

    /// <summary>The local clock is another one: the ticks go on from here.</summary>
    public void Rebase(ulong local, ulong tick)
    {
        if (line is { } before)
        {
            line = before with { BaseLocal = local, BaseTick = tick, SlewNanoseconds = 0, Rate = before.RateAfter };
        }
    }

    private static ulong Rate(double rate) => (ulong)(rate * ClockLine.RateOne);
}

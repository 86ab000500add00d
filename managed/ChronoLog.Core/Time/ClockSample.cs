namespace ChronoLog.Core.Time;

/// <summary>
/// One four-timestamp exchange with the base clock. The request left at <paramref name="LocalSend"/> and was answered
/// between <paramref name="BaseReceive"/> and <paramref name="BaseSend"/>; the reply came at
/// <paramref name="LocalReceive"/>.
/// </summary>
/// <param name="LocalSend">Nanoseconds on this process's local clock.</param>
/// <param name="LocalReceive">The same clock.</param>
/// <param name="BaseReceive">ChronoTick.</param>
/// <param name="BaseSend">ChronoTick.</param>
/// <param name="BaseUncertainty">The base clock's own, in nanoseconds.</param>
/// <param name="Epoch">Of the base clock: samples of different ones are not compared.</param>
public readonly record struct ClockSample(
    ulong LocalSend, ulong LocalReceive, ulong BaseReceive, ulong BaseSend, ulong BaseUncertainty = 0, ulong Epoch = 0)
{
    /// <summary>Whether the four can be what they say: a peer may send anything.</summary>
    public bool IsPossible =>
        LocalReceive >= LocalSend && BaseSend >= BaseReceive && BaseReceive <= long.MaxValue && BaseSend <= long.MaxValue
        && LocalReceive <= long.MaxValue && BaseUncertainty <= long.MaxValue / 4
        && BaseSend - BaseReceive <= InsideMax(LocalReceive - LocalSend);

    /// <summary>The time on the way, in nanoseconds; 0 where the clocks' rates make it negative.</summary>
    public ulong RoundTrip
    {
        get
        {
            ulong outside = LocalReceive - LocalSend;
            ulong inside = BaseSend - BaseReceive;
            return outside > inside ? outside - inside : 0;
        }
    }

    // The base clock may run faster, but not by more than clocks do, and a microsecond for what readings round.
    private static ulong InsideMax(ulong outside) => outside + (ulong)(outside * ClockEstimator.DriftMax) + 1000;
}

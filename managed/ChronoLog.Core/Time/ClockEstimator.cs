namespace ChronoLog.Core.Time;

/// <summary>
/// Offset and drift of the base clock against the local one, with bounds that hold, from four-timestamp exchanges.
/// Pure: it has no time of its own, samples drive it. Not thread-safe.
/// </summary>
/// <remarks>
/// Each exchange gives two certainties: when the request left, the base clock read at most BaseReceive; when the reply
/// came, at least BaseSend. That bounds <i>base minus local</i> at two moments, whatever the asymmetry of the ways
/// (Marzullo 1984); of a round the tightest two are kept. The drift carries a bound from its moment to any other:
/// <code>
///   lower(t) = max over rounds of (LowBase - LowLocal)   + driftLow  * (t - LowLocal)
///   upper(t) = min over rounds of (HighBase - HighLocal) + driftHigh * (t - HighLocal)
/// </code>
/// A pair of rounds bounds the mean drift between them the same way; the drift at any moment of the window differs
/// from that mean by <see cref="WanderMax"/> at most. So with one exchange the uncertainty is half the round trip, and
/// grows by
/// <see cref="DriftMax"/> times the age; after a minute of rounds it grows by some 25 ns per millisecond. Within the
/// bounds lies the estimate: a regression through the middles of the rounds, each weighted by its width (the
/// narrower, the less asymmetry can hide in it). Rounds that contradict each other break the assumptions: the newest
/// stays, the others are forgotten.
/// </remarks>
public sealed class ClockEstimator
{
    /// <summary>
    /// Most that two clocks drift apart: 200 ppm for two bad crystals, 500 ppm for a kernel that slews one of them
    /// after NTP, and a margin.
    /// </summary>
    public const double DriftMax = 1e-3;

    /// <summary>Most that the drift changes within the window; a crystal does a few ppm with the temperature.</summary>
    public const double WanderMax = 2e-5;

    /// <summary>
    /// Rounds kept: with three in a second, 10 s, over which a bound of the drift by rounds that are 50 us wide is 5 ppm
    /// wide, little beside <see cref="WanderMax"/>; with one in five seconds, nearly three minutes.
    /// </summary>
    public const int Window = 32;

    // Of a nanosecond, for what rounding takes from a bound.
    private const long Rounding = 1;

    private readonly List<ClockRound> rounds = new(Window);
    private readonly ClockFit fit = new();
    private double driftLow = -DriftMax;
    private double driftHigh = DriftMax;

    /// <summary>Rounds in use.</summary>
    public int Count => rounds.Count;

    /// <summary>How often rounds contradicted each other.</summary>
    public int Contradictions { get; private set; }

    public ClockRound Newest => rounds[^1];

    /// <summary>Takes the exchanges of a round.</summary>
    /// <returns>False: none of them is possible.</returns>
    public bool Add(ReadOnlySpan<ClockSample> exchanges)
    {
        if (ClockRound.Of(exchanges) is not { } round || (rounds.Count > 0 && round.Begin < Newest.End))
        {
            return false;
        }

        if (rounds.Count > 0 && Newest.Epoch != round.Epoch)
        {
            rounds.Clear();
        }

        if (rounds.Count == Window)
        {
            rounds.RemoveAt(0);
        }

        rounds.Add(round);
        Learn();
        return true;
    }

    /// <summary>Forgets everything: the local clock is another one.</summary>
    public void Clear() => rounds.Clear();

    /// <summary>The base clock at a moment of the local clock that is not before the newest round.</summary>
    /// <exception cref="InvalidOperationException">There is no round.</exception>
    public ClockEstimate At(ulong local)
    {
        if (rounds.Count == 0)
        {
            throw new InvalidOperationException("no exchange with the base clock has been made");
        }

        (double low, double high) = Bounds(local);
        if (low > high)
        {
            (low, high) = (high, low); // a round that contradicts itself: somewhere between, or nothing holds
        }

        double drift = Math.Clamp(fit.Drift, driftLow, driftHigh);
        double offset = Math.Clamp(fit.OffsetAt(Distance(local, Newest.LowLocal)), low, high);
        double halfWidth = Math.Max(high - offset, offset - low) + Rounding;
        return new ClockEstimate(
            (ulong)((long)local + Reference + (long)Math.Round(offset)),
            drift,
            (ulong)Math.Ceiling(Math.Max(halfWidth, 0)) + Newest.BaseUncertainty,
            Math.Max(driftHigh - drift, drift - driftLow));
    }

    // Base minus local is 1.8e18 at times, beyond what a double holds exactly: offsets are taken from the newest's.
    private long Reference => unchecked((long)(Newest.LowBase - Newest.LowLocal));

    private void Learn()
    {
        if (!Narrow())
        {
            Contradictions++;
            rounds.RemoveRange(0, rounds.Count - 1);
            Narrow();
        }

        fit.Clear();
        foreach (ClockRound round in rounds)
        {
            (double low, double high) = (Low(round), High(round));
            fit.Add(Distance(round.LowLocal, Newest.LowLocal), (low + high) / 2, high - low);
        }

        fit.Solve();
    }

    /// <summary>Bounds the drift by every pair of rounds.</summary>
    /// <returns>False: they contradict each other.</returns>
    private bool Narrow()
    {
        (driftLow, driftHigh) = (-DriftMax, DriftMax);
        for (int later = 1; later < rounds.Count; later++)
        {
            for (int earlier = 0; earlier < later; earlier++)
            {
                (ClockRound from, ClockRound to) = (rounds[earlier], rounds[later]);

                // The spans may be nothing where one round follows another at once.
                if (Distance(to.LowLocal, from.HighLocal) is > 0 and var lowSpan)
                {
                    driftLow = Math.Max(driftLow, ((Low(to) - High(from)) / lowSpan) - WanderMax);
                }

                if (Distance(to.HighLocal, from.LowLocal) is > 0 and var highSpan)
                {
                    driftHigh = Math.Min(driftHigh, ((High(to) - Low(from)) / highSpan) + WanderMax);
                }
            }
        }

        (double low, double high) = Bounds(Newest.End);
        return driftLow <= driftHigh && low <= high;
    }

    private (double Low, double High) Bounds(ulong local)
    {
        (double low, double high) = (double.NegativeInfinity, double.PositiveInfinity);
        foreach (ClockRound round in rounds)
        {
            low = Math.Max(low, Low(round) + (driftLow * Distance(local, round.LowLocal)));
            high = Math.Min(high, High(round) + (driftHigh * Distance(local, round.HighLocal)));
        }

        // Rounding may turn a single point inside out.
        return low <= high || low > high + Rounding ? (low, high) : ((low + high) / 2, (low + high) / 2);
    }

    private double Low(in ClockRound round) => unchecked((long)(round.LowBase - round.LowLocal) - Reference);

    private double High(in ClockRound round) => unchecked((long)(round.HighBase - round.HighLocal) - Reference);

    private static double Distance(ulong to, ulong from) => unchecked((long)(to - from));
}

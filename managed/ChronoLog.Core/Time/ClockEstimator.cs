namespace ChronoLog.Core.Time;

/// <summary>
/// Offset and drift of the base clock against the local one, with bounds that hold, from four-timestamp exchanges.
/// Pure: it has no time of its own, samples drive it. Not thread-safe.
/// </summary>
/// <remarks>
/// Each exchange gives two certainties: when the request left, the base clock read at most BaseReceive; when the reply
/// came, at least BaseSend. That bounds <i>base minus local</i> at two moments, whatever the asymmetry of the ways
/// (Marzullo 1984). The drift carries a bound from its moment to any other:
/// <code>
///   lower(t) = max over samples of (BaseSend - LocalReceive) + driftLow  * (t - LocalReceive)
///   upper(t) = min over samples of (BaseReceive - LocalSend) + driftHigh * (t - LocalSend)
/// </code>
/// A pair of samples bounds the mean drift between them the same way; the drift at any moment of the window differs
/// from that mean by <see cref="WanderMax"/> at most. So with one sample the uncertainty is half the round trip, and
/// grows by
/// <see cref="DriftMax"/> times the age; after a minute of samples it grows by some 25 ns per millisecond. Within the
/// bounds lies the estimate: a regression through the middles of the exchanges, each weighted by its round trip (the
/// shorter, the less asymmetry can hide in it). Samples that contradict each other break the assumptions: the newest
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

    /// <summary>Samples kept: with one in five seconds, nearly three minutes.</summary>
    public const int Window = 32;

    // Of a nanosecond, for what rounding takes from a bound.
    private const long Rounding = 1;

    private readonly List<ClockSample> samples = new(Window);
    private readonly ClockFit fit = new();
    private double driftLow = -DriftMax;
    private double driftHigh = DriftMax;

    /// <summary>Samples in use.</summary>
    public int Count => samples.Count;

    /// <summary>How often samples contradicted each other.</summary>
    public int Contradictions { get; private set; }

    /// <summary>The best sample of the newest round.</summary>
    public ClockSample Newest => samples[^1];

    /// <summary>Takes the exchange of a round that has the least round trip.</summary>
    /// <returns>False: none of them is possible.</returns>
    public bool Add(ReadOnlySpan<ClockSample> round)
    {
        ClockSample? best = null;
        foreach (ClockSample sample in round)
        {
            if (sample.IsPossible && (best is null || sample.RoundTrip <= best.Value.RoundTrip))
            {
                best = sample;
            }
        }

        if (best is not { } chosen || (samples.Count > 0 && chosen.LocalSend < Newest.LocalReceive))
        {
            return false;
        }

        if (samples.Count > 0 && Newest.Epoch != chosen.Epoch)
        {
            samples.Clear();
        }

        if (samples.Count == Window)
        {
            samples.RemoveAt(0);
        }

        samples.Add(chosen);
        Learn();
        return true;
    }

    /// <summary>Forgets everything: the local clock is another one.</summary>
    public void Clear() => samples.Clear();

    /// <summary>The base clock at a moment of the local clock that is not before the newest sample.</summary>
    /// <exception cref="InvalidOperationException">There is no sample.</exception>
    public ClockEstimate At(ulong local)
    {
        if (samples.Count == 0)
        {
            throw new InvalidOperationException("no exchange with the base clock has been made");
        }

        (double low, double high) = Bounds(local);
        double drift = Math.Clamp(fit.Drift, driftLow, driftHigh);
        double offset = Math.Clamp(fit.OffsetAt(Distance(local, Newest.LocalReceive)), low, high);
        double halfWidth = Math.Max(high - offset, offset - low) + Rounding;
        return new ClockEstimate(
            (ulong)((long)local + Reference + (long)Math.Round(offset)),
            drift,
            (ulong)Math.Ceiling(Math.Max(halfWidth, 0)) + Newest.BaseUncertainty,
            Math.Max(driftHigh - drift, drift - driftLow));
    }

    // Base minus local is 1.8e18 at times, beyond what a double holds exactly: offsets are taken from the newest's.
    private long Reference => unchecked((long)(Newest.BaseSend - Newest.LocalReceive));

    private void Learn()
    {
        if (!Narrow())
        {
            Contradictions++;
            samples.RemoveRange(0, samples.Count - 1);
            Narrow();
        }

        fit.Clear();
        foreach (ClockSample sample in samples)
        {
            double middle = (Low(sample) + High(sample)) / 2;
            fit.Add(Distance(sample.LocalReceive, Newest.LocalReceive), middle, sample.RoundTrip);
        }

        fit.Solve();
    }

    /// <summary>Bounds the drift by every pair of samples.</summary>
    /// <returns>False: they contradict each other.</returns>
    private bool Narrow()
    {
        (driftLow, driftHigh) = (-DriftMax, DriftMax);
        for (int later = 1; later < samples.Count; later++)
        {
            for (int earlier = 0; earlier < later; earlier++)
            {
                (ClockSample from, ClockSample to) = (samples[earlier], samples[later]);
                double least = (Low(to) - High(from)) / Distance(to.LocalReceive, from.LocalSend);
                driftLow = Math.Max(driftLow, least - WanderMax);

                // Between the reply of one and the request of the next: nothing when they follow at once.
                double span = Distance(to.LocalSend, from.LocalReceive);
                if (span > 0)
                {
                    driftHigh = Math.Min(driftHigh, ((High(to) - Low(from)) / span) + WanderMax);
                }
            }
        }

        (double low, double high) = Bounds(Newest.LocalReceive);
        return driftLow <= driftHigh && low <= high;
    }

    private (double Low, double High) Bounds(ulong local)
    {
        (double low, double high) = (double.NegativeInfinity, double.PositiveInfinity);
        foreach (ClockSample sample in samples)
        {
            low = Math.Max(low, Low(sample) + (driftLow * Distance(local, sample.LocalReceive)));
            high = Math.Min(high, High(sample) + (driftHigh * Distance(local, sample.LocalSend)));
        }

        // Rounding may turn a single point inside out.
        return low <= high || low > high + Rounding ? (low, high) : ((low + high) / 2, (low + high) / 2);
    }

    private double Low(in ClockSample sample) =>
        unchecked((long)(sample.BaseSend - sample.LocalReceive) - Reference);

    private double High(in ClockSample sample) =>
        unchecked((long)(sample.BaseReceive - sample.LocalSend) - Reference);

    private static double Distance(ulong to, ulong from) => unchecked((long)(to - from));
}

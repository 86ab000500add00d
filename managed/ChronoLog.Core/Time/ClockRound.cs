namespace ChronoLog.Core.Time;

/// <summary>
/// What a round of exchanges says of the base clock: two certainties, each from the exchange that says most. At
/// <paramref name="HighLocal"/> the base clock read at most <paramref name="HighBase"/>, from the fastest request; at
/// <paramref name="LowLocal"/> at least <paramref name="LowBase"/>, from the fastest reply. Where a request and a reply of
/// different exchanges were fast they are nearer to each other than half of any one's round trip.
/// </summary>
/// <param name="HighLocal">Nanoseconds on the local clock.</param>
/// <param name="HighBase">ChronoTick.</param>
/// <param name="LowLocal">Nanoseconds on the local clock.</param>
/// <param name="LowBase">ChronoTick.</param>
/// <param name="RoundTrip">The least of the round's exchanges, in nanoseconds.</param>
/// <param name="BaseUncertainty">The base clock's own, in nanoseconds.</param>
/// <param name="Epoch">Of the base clock: rounds of different ones are not compared.</param>
public readonly record struct ClockRound(
    ulong HighLocal, ulong HighBase, ulong LowLocal, ulong LowBase, ulong RoundTrip, ulong BaseUncertainty, ulong Epoch)
{
    /// <summary>The earlier of the two moments.</summary>
    public ulong Begin => Math.Min(HighLocal, LowLocal);

    /// <summary>The later one.</summary>
    public ulong End => Math.Max(HighLocal, LowLocal);

    /// <summary>Of exchanges with one base clock.</summary>
    /// <returns>Null: none of them is possible.</returns>
    public static ClockRound? Of(ReadOnlySpan<ClockSample> exchanges)
    {
        ClockRound? round = null;
        foreach (ClockSample sample in exchanges)
        {
            if (sample.IsPossible)
            {
                // Another epoch than the one before: the Visor was replaced in the middle of the round.
                round = round is { } before && before.Epoch == sample.Epoch ? before.With(sample) : Of(sample);
            }
        }

        return round;
    }

    private static ClockRound Of(in ClockSample sample) => new(
        sample.LocalSend, sample.BaseReceive, sample.LocalReceive, sample.BaseSend, sample.RoundTrip,
        sample.BaseUncertainty, sample.Epoch);

    private ClockRound With(in ClockSample sample)
    {
        ClockRound next = this with
        {
            RoundTrip = Math.Min(RoundTrip, sample.RoundTrip),
            BaseUncertainty = Math.Max(BaseUncertainty, sample.BaseUncertainty),
        };
        if (Offset(sample.BaseReceive, sample.LocalSend) < Offset(HighBase, HighLocal))
        {
            next = next with { HighLocal = sample.LocalSend, HighBase = sample.BaseReceive };
        }

        return Offset(sample.BaseSend, sample.LocalReceive) > Offset(LowBase, LowLocal)
            ? next with { LowLocal = sample.LocalReceive, LowBase = sample.BaseSend }
            : next;
    }

    private static long Offset(ulong tick, ulong local) => unchecked((long)(tick - local));
}

namespace ChronoLog.Core.Time;

/// <summary>
/// ATW: twice the latency that 99 of 100 measurements did not exceed, of the network or of events on their way to the Keeper,
/// whichever is greater, within a floor and a ceiling. The least that an acceptance window may be: an event takes up to one
/// latency to arrive, and clocks are off by up to half a round trip. Thread-safe.
/// </summary>
/// <param name="latency">Measurements of one way; grows meanwhile.</param>
/// <param name="floor">
/// What no network explains: a producer that loses its processor between its clock and its commit.
/// </param>
/// <param name="ceiling">However bad the network: archiving waits as long.</param>
/// <param name="arrivals">Of events, from their ticks until they were taken; null = not measured.</param>
public sealed class AcceptanceTimeWindow(
    LatencyWindow latency, TimeSpan floor, TimeSpan ceiling, LatencyWindow? arrivals = null)
{
    /// <summary>Of the measurements, the part that the window has to cover.</summary>
    public const double Quantile = 0.99;

    private readonly ulong least = (ulong)floor.TotalNanoseconds;
    private readonly ulong most = (ulong)(ceiling > floor ? ceiling : floor).TotalNanoseconds;

    /// <summary>The latency that it follows, in nanoseconds; 0 before the first measurement.</summary>
    public ulong LatencyNanoseconds =>
        Math.Max(latency.Quantile(Quantile), arrivals?.Quantile(Quantile) ?? 0);

    /// <summary>Now; before the first measurement the ceiling, for nothing is known.</summary>
    public ulong Nanoseconds
    {
        get
        {
            if (latency.Count == 0)
            {
                return most;
            }

            ulong oneWay = LatencyNanoseconds;
            return Math.Clamp(oneWay > ulong.MaxValue / 2 ? ulong.MaxValue : 2 * oneWay, least, most);
        }
    }
}

namespace ChronoLog.Bench.EndToEnd;

/// <summary>One measured phase of one size.</summary>
/// <param name="Size">Bytes of an event's record.</param>
/// <param name="Phase">"ingest", "drain", "archive", "replay".</param>
/// <param name="Variant">How: "LogEvent, journaled", "hot".</param>
/// <param name="Events">In the phase.</param>
/// <param name="Elapsed">Wall clock.</param>
/// <param name="Processor">Of each process during the phase.</param>
/// <param name="Limit">The raw limit beside it.</param>
/// <param name="Collections">Garbage collections of client and servers.</param>
/// <param name="ClientBytesPerEvent">Managed memory that the recording or reading thread allocated, per event.</param>
internal sealed record PhaseResult(
    int Size, string Phase, string Variant, long Events, TimeSpan Elapsed, ProcessorTime Processor, PhaseLimit Limit,
    CollectionCounts Collections, double ClientBytesPerEvent)
{
    public double EventsPerSecond => Events / Elapsed.TotalSeconds;

    /// <summary>Record bytes, 10^6 per second.</summary>
    public double MegabytesPerSecond => EventsPerSecond * Size / 1e6;

    public double Ratio => EventsPerSecond / Limit.EventsPerSecond;

    public double NanosecondsPerEvent(long processor) => (double)processor / Events;
}

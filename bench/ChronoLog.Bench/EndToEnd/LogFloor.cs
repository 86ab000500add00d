namespace ChronoLog.Bench.EndToEnd;

/// <summary>Rates of a minimal log server over loopback TCP that writes to the page cache.</summary>
internal readonly record struct LogFloor(double AppendEventsPerSecond, double RangeEventsPerSecond);

namespace ChronoLog.Bench;

/// <summary>A measurement is worth nothing: events are missing, a process failed, a limit could not be taken.</summary>
internal sealed class BenchException(string message) : Exception(message);

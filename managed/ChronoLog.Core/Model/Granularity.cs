namespace ChronoLog.Core.Model;

/// <summary>The step at which a chronicle calls two ticks equal.</summary>
public enum Granularity
{
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
}

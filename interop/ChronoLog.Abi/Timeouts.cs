namespace ChronoLog.Abi;

/// <summary>Milliseconds of C as a span: what no timer can hold is for ever.</summary>
internal static class Timeouts
{
    private const ulong LongestMilliseconds = int.MaxValue;

    public static TimeSpan Of(ulong milliseconds) =>
        milliseconds > LongestMilliseconds ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>The option as given, or its default where it is 0.</summary>
    public static TimeSpan Option(ulong milliseconds, TimeSpan whenZero) =>
        milliseconds == 0 ? whenZero : TimeSpan.FromMilliseconds(Math.Min(milliseconds, LongestMilliseconds));
}

namespace ChronoLog.Core.Time;

/// <summary>Arithmetic and text forms of ticks: nanoseconds on the base clock since the Unix epoch.</summary>
public static class ChronoTick
{
    public static ulong AddSaturating(ulong tick, ulong nanoseconds) => tick + nanoseconds < tick ? ulong.MaxValue : tick + nanoseconds;
    public static ulong SubtractSaturating(ulong tick, ulong nanoseconds) => tick < nanoseconds ? 0 : tick - nanoseconds;
    /// <summary>Tick, RFC 3339, "now", or relative to now ("-10m", "+5s").</summary>
    public static bool TryParse(ReadOnlySpan<char> text, ulong now, out ulong tick) => throw new NotImplementedException();
    public static ulong Parse(ReadOnlySpan<char> text, ulong now) => throw new NotImplementedException();
    /// <summary>RFC 3339, UTC, nine digits of the second.</summary>
    public static string Format(ulong tick) => throw new NotImplementedException();
    /// <summary>"500ms", "30s", "1h30m", "250us", "10ns", "2d"; nanoseconds.</summary>
    public static bool TryParseDuration(ReadOnlySpan<char> text, out ulong nanoseconds) => throw new NotImplementedException();
    public static ulong ParseDuration(ReadOnlySpan<char> text) => throw new NotImplementedException();
    public static string FormatDuration(ulong nanoseconds) => throw new NotImplementedException();
}

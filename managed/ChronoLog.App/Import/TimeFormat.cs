using ChronoLog.Core.Settings;

namespace ChronoLog.App.Import;

/// <summary>How a time is written in a line.</summary>
internal abstract class TimeFormat
{
    /// <summary>What a time of this format may stand behind at the beginning of a line; "" = nothing.</summary>
    public virtual string Opening => "";

    /// <summary>Reads a time at the beginning of a text; what follows it does not matter.</summary>
    public abstract bool TryRead(ReadOnlySpan<char> text, out ulong tick);

    /// <param name="name">
    /// rfc3339; unix, unix-ms, unix-us, unix-ns; syslog, clf; or a pattern with %, as strptime has them.
    /// </param>
    /// <param name="zone">Of times without an offset.</param>
    /// <param name="years">Guesses the year of times without one.</param>
    /// <exception cref="SettingException">There is no such format.</exception>
    public static TimeFormat Of(string name, TimeZoneInfo zone, YearGuess years) => name switch
    {
        "rfc3339" or "iso8601" => new PatternFormat("%Y-%m-%d%t%H:%M:%S%f%z", zone, years),
        "unix" => new UnixFormat(1_000_000_000),
        "unix-ms" => new UnixFormat(1_000_000),
        "unix-us" => new UnixFormat(1_000),
        "unix-ns" => new UnixFormat(1),
        "syslog" => new PatternFormat("%b %e %H:%M:%S%f", zone, years),
        "clf" => new PatternFormat("%d/%b/%Y:%H:%M:%S%f%z", zone, years, opening: "["),
        _ when name.Contains('%', StringComparison.Ordinal) => new PatternFormat(name, zone, years),
        _ => throw new SettingException(
            $"--time-format '{name}': expected rfc3339, unix, unix-ms, unix-us, unix-ns, syslog, clf, or a pattern with % "
            + "(%Y-%m-%d %H:%M:%S)"),
    };
}

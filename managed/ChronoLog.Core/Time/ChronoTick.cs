using System.Globalization;

namespace ChronoLog.Core.Time;

/// <summary>
/// Arithmetic and text forms of ticks: nanoseconds on the base clock since the Unix epoch, unsigned, 64 bits.
/// </summary>
public static class ChronoTick
{
    public const ulong NanosecondsPerMicrosecond = 1_000;
    public const ulong NanosecondsPerMillisecond = 1_000_000;
    public const ulong NanosecondsPerSecond = 1_000_000_000;

    private const int FractionDigits = 9;

    /// <summary>The sum, or 2^64 - 1 where it would not fit.</summary>
    public static ulong AddSaturating(ulong tick, ulong nanoseconds)
    {
        ulong sum = unchecked(tick + nanoseconds);
        return sum < tick ? ulong.MaxValue : sum;
    }

    /// <summary>The difference, or 0 where it would be negative.</summary>
    public static ulong SubtractSaturating(ulong tick, ulong nanoseconds) =>
        tick < nanoseconds ? 0 : tick - nanoseconds;

    /// <summary>The product, or 2^64 - 1 where it would not fit.</summary>
    public static ulong MultiplySaturating(ulong left, ulong right) =>
        Math.BigMul(left, right, out ulong low) == 0 ? low : ulong.MaxValue;

    /// <summary>
    /// Whether a tick lies in [startTime, endTime); 2^64 - 1 as the end stands for the end of time and is included.
    /// </summary>
    public static bool IsWithin(ulong tick, ulong startTime, ulong endTime) =>
        tick >= startTime && (tick < endTime || endTime == ulong.MaxValue);

    /// <summary>
    /// Reads a tick ("1700000000123456789"), RFC 3339 with up to nine digits of the second ("2023-11-14T22:13:20.5Z",
    /// "...+01:00"), "now", or a distance from now ("-10m", "+5s"), which stops at 0 and at 2^64 - 1.
    /// </summary>
    /// <param name="text">Without surrounding blanks.</param>
    /// <param name="now">ChronoTick.</param>
    /// <param name="tick">The result; 0 on failure.</param>
    public static bool TryParse(ReadOnlySpan<char> text, ulong now, out ulong tick)
    {
        tick = 0;
        if (text.IsEmpty)
        {
            return false;
        }

        if (text is "now")
        {
            tick = now;
            return true;
        }

        if (text[0] is '-' or '+')
        {
            if (!TryParseDuration(text[1..], out ulong distance))
            {
                return false;
            }

            tick = text[0] == '-' ? SubtractSaturating(now, distance) : AddSaturating(now, distance);
            return true;
        }

        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out tick)
            || TryParseRfc3339(text, out tick);
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">Says what forms there are.</exception>
    public static ulong Parse(ReadOnlySpan<char> text, ulong now) => TryParse(text, now, out ulong tick)
        ? tick
        : throw new FormatException($"'{text}' is no time: give nanoseconds since 1970 (1700000000000000000), RFC 3339 "
            + "(2023-11-14T22:13:20.5Z), 'now', or a distance from now (-10m)");

    /// <summary>RFC 3339 in UTC with nine digits of the second: "2023-11-14T22:13:20.123456789Z".</summary>
    public static string Format(ulong tick)
    {
        // 2^64 ns end in the year 2554: always within DateTime's range.
        DateTime second = DateTime.UnixEpoch.AddSeconds(tick / NanosecondsPerSecond);
        return string.Create(
            CultureInfo.InvariantCulture, $"{second:yyyy-MM-dd'T'HH:mm:ss}.{tick % NanosecondsPerSecond:D9}Z");
    }

    /// <summary>
    /// Reads a duration: number and unit, once or several times: "500ms", "30s", "1.5s", "1h30m"; units ns, us, ms, s,
    /// m, h, d. "0" needs no unit.
    /// </summary>
    /// <param name="text">Without surrounding blanks or sign.</param>
    /// <param name="nanoseconds">The result; 0 on failure. False when it does not fit into 64 bits.</param>
    public static bool TryParseDuration(ReadOnlySpan<char> text, out ulong nanoseconds)
    {
        nanoseconds = 0;
        if (text is "0")
        {
            return true;
        }

        ulong sum = 0;
        bool any = false;
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExcept("0123456789.");
            int unitEnd = digits < 0 ? -1 : text[digits..].IndexOfAny("0123456789.");
            if (digits <= 0)
            {
                return false;
            }

            ReadOnlySpan<char> unit = unitEnd < 0 ? text[digits..] : text.Slice(digits, unitEnd);
            if (!TryScale(text[..digits], UnitNanoseconds(unit), out ulong part) || sum + part < sum)
            {
                return false;
            }

            sum += part;
            any = true;
            text = text[(digits + unit.Length)..];
        }

        nanoseconds = any ? sum : 0;
        return any;
    }

    /// <inheritdoc cref="TryParseDuration"/>
    /// <exception cref="FormatException">Says what forms there are.</exception>
    public static ulong ParseDuration(ReadOnlySpan<char> text) => TryParseDuration(text, out ulong nanoseconds)
        ? nanoseconds
        : throw new FormatException(
            $"'{text}' is no duration: give a number and a unit of ns, us, ms, s, m, h, d (500ms, 1h30m)");

    /// <summary>
    /// The duration in its largest whole unit up to seconds, then minutes, hours, days: "500ms", "90s", "2h".
    /// </summary>
    public static string FormatDuration(ulong nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return "0s";
        }

        foreach (string unit in (ReadOnlySpan<string>)["d", "h", "m", "s", "ms", "us"])
        {
            ulong scale = UnitNanoseconds(unit);
            if (nanoseconds % scale == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / scale}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{nanoseconds}ns");
    }

    private static ulong UnitNanoseconds(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1,
        "us" or "µs" => NanosecondsPerMicrosecond,
        "ms" => NanosecondsPerMillisecond,
        "s" => NanosecondsPerSecond,
        "m" or "min" => 60 * NanosecondsPerSecond,
        "h" => 3_600 * NanosecondsPerSecond,
        "d" => 86_400 * NanosecondsPerSecond,
        _ => 0,
    };

    /// <summary>Decimal number times unit, in integers; digits below a nanosecond are refused, not rounded.</summary>
    private static bool TryScale(ReadOnlySpan<char> number, ulong unit, out ulong nanoseconds)
    {
        nanoseconds = 0;
        int point = number.IndexOf('.');
        ReadOnlySpan<char> whole = point < 0 ? number : number[..point];
        ReadOnlySpan<char> fraction = point < 0 ? [] : number[(point + 1)..].TrimEnd('0');
        if (unit == 0 || whole.IsEmpty || (point >= 0 && point == number.Length - 1)
            || !ulong.TryParse(whole, NumberStyles.None, CultureInfo.InvariantCulture, out ulong units)
            || Math.BigMul(units, unit, out ulong sum) != 0)
        {
            return false;
        }

        ulong digitValue = unit;
        foreach (char digit in fraction)
        {
            if (digit is < '0' or > '9' || digitValue % 10 != 0)
            {
                return false;
            }

            digitValue /= 10;
            ulong part = digitValue * (ulong)(digit - '0');
            if (sum + part < sum)
            {
                return false;
            }

            sum += part;
        }

        nanoseconds = sum;
        return true;
    }

    /// <summary>DateTime keeps 100 ns, so the fraction is read here and the rest by the framework.</summary>
    private static bool TryParseRfc3339(ReadOnlySpan<char> text, out ulong tick)
    {
        tick = 0;
        const int SecondsEnd = 19; // yyyy-MM-ddTHH:mm:ss
        if (text.Length <= SecondsEnd || !DateTime.TryParseExact(
            text[..SecondsEnd].ToString().ToUpperInvariant().Replace(' ', 'T'), "yyyy-MM-dd'T'HH:mm:ss",
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTime second))
        {
            return false;
        }

        ReadOnlySpan<char> rest = text[SecondsEnd..];
        if (!TryTakeFraction(ref rest, out ulong nanoseconds) || !TryParseZone(rest, out long zoneSeconds))
        {
            return false;
        }

        long seconds = ((second - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond) - zoneSeconds;
        if (seconds < 0)
        {
            return false;
        }

        ulong sum = 0;
        bool fits = Math.BigMul((ulong)seconds, NanosecondsPerSecond, out sum) == 0 && sum + nanoseconds >= sum;
        tick = fits ? sum + nanoseconds : 0;
        return fits;
    }

    private static bool TryTakeFraction(ref ReadOnlySpan<char> rest, out ulong nanoseconds)
    {
        nanoseconds = 0;
        if (rest.IsEmpty || rest[0] != '.')
        {
            return true;
        }

        int end = rest[1..].IndexOfAnyExceptInRange('0', '9');
        int digits = end < 0 ? rest.Length - 1 : end;
        if (digits is 0 or > FractionDigits)
        {
            return false;
        }

        for (int index = 1; index <= FractionDigits; index++)
        {
            nanoseconds = (nanoseconds * 10) + (index <= digits ? (ulong)(rest[index] - '0') : 0);
        }

        rest = rest[(1 + digits)..];
        return true;
    }

    /// <summary>"Z", "+01:00", "-05:30": seconds east of UTC.</summary>
    private static bool TryParseZone(ReadOnlySpan<char> zone, out long seconds)
    {
        seconds = 0;
        if (zone is "Z" or "z")
        {
            return true;
        }

        if (zone.Length != 6 || zone[0] is not ('+' or '-') || zone[3] != ':'
            || !int.TryParse(zone[1..3], NumberStyles.None, CultureInfo.InvariantCulture, out int hours)
            || !int.TryParse(zone[4..], NumberStyles.None, CultureInfo.InvariantCulture, out int minutes)
            || hours > 23 || minutes > 59)
        {
            return false;
        }

        seconds = ((hours * 3600) + (minutes * 60)) * (zone[0] == '-' ? -1 : 1);
        return true;
    }
}

using System.Globalization;
using System.Net;
using System.Text.Json;

namespace ChronoLog.Core.Settings;

/// <summary>Makers of rows, one per type of value.</summary>
public static class SettingKinds
{
    internal const string JsonKind = "JSON object";

    private static readonly (string Suffix, long Factor)[] ByteUnits =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1000L), ("MB", 1000_000L), ("GB", 1000_000_000L), ("TB", 1000_000_000_000L),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1L),
    ];

    private static readonly (string Suffix, double Nanoseconds)[] TimeUnits =
    [
        ("ns", 1), ("us", 1e3), ("ms", 1e6), ("min", 6e10), ("s", 1e9), ("m", 6e10), ("h", 3.6e12), ("d", 8.64e13),
    ];

    public static Setting<long> Integer(string name, long fallback, long least, long most, string help) =>
        new(name, $"integer, {least} .. {most}", Text(fallback), help, (string text, out long value) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            && value >= least && value <= most);

    public static Setting<int> Port(string name, int fallback, string help) =>
        new(name, "port, 0 .. 65535 (0 = any free one)", Text(fallback), help, (string text, out int value) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value is >= 0 and <= 65535);

    public static Setting<string> String(string name, string fallback, string help) =>
        new(name, "text", fallback, help, (string text, out string value) =>
        {
            value = text;
            return true;
        });

    public static Setting<string> Path(string name, string fallback, string help) =>
        new(name, "path", fallback, help, (string text, out string value) =>
        {
            value = text;
            return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal);
        });

    public static Setting<bool> Flag(string name, bool fallback, string help) =>
        new(name, "true | false", fallback ? "true" : "false", help, bool.TryParse);

    public static Setting<string> Choice(string name, string fallback, string help, params string[] choices) =>
        new(name, string.Join(" | ", choices), fallback, help, (string text, out string value) =>
        {
            value = text;
            return choices.Contains(text, StringComparer.Ordinal);
        });

    /// <summary>An IP address of this machine's to bind to.</summary>
    public static Setting<string> Address(string name, string fallback, string help) =>
        new(name, "IP address", fallback, help, (string text, out string value) =>
        {
            value = text;
            return IPAddress.TryParse(text, out _);
        });

    /// <summary>Bytes: "4096", "64MiB", "1GiB".</summary>
    public static Setting<long> Bytes(string name, string fallback, string least, string most, string help)
    {
        _ = TryReadBytes(least, out long low);
        _ = TryReadBytes(most, out long high);
        return new(name, $"bytes, {least} .. {most}", fallback, help, (string text, out long value) =>
            TryReadBytes(text, out value) && value >= low && value <= high);
    }

    /// <summary>A duration: "500ms", "30s", "5m", "1h"; a number alone is seconds.</summary>
    public static Setting<TimeSpan> Duration(string name, string fallback, string least, string most, string help)
    {
        _ = TryReadDuration(least, out TimeSpan low);
        _ = TryReadDuration(most, out TimeSpan high);
        return new(name, $"duration, {least} .. {most}", fallback, help, (string text, out TimeSpan value) =>
            TryReadDuration(text, out value) && value >= low && value <= high);
    }

    /// <summary>A duration, or "auto", which is null: the process works it out.</summary>
    public static Setting<TimeSpan?> DurationOrAuto(
        string name, string fallback, string least, string most, string help)
    {
        _ = TryReadDuration(least, out TimeSpan low);
        _ = TryReadDuration(most, out TimeSpan high);
        return new(name, $"duration, {least} .. {most}, or auto", fallback, help, (string text, out TimeSpan? value) =>
        {
            value = TryReadDuration(text, out TimeSpan given) && given >= low && given <= high ? given : null;
            return value is not null || text == "auto";
        });
    }

    /// <summary>A JSON object, or @FILE.</summary>
    public static Setting<string> Json(string name, string fallback, string help) =>
        new(name, JsonKind, fallback, help, (string text, out string value) =>
        {
            value = text;
            try
            {
                using var document = JsonDocument.Parse(text);
                return document.RootElement.ValueKind == JsonValueKind.Object;
            }
            catch (JsonException)
            {
                return false;
            }
        });

    public static bool TryReadBytes(string text, out long value)
    {
        value = 0;
        ReadOnlySpan<char> number = text.AsSpan().Trim();
        long factor = 1;
        foreach (var (suffix, unit) in ByteUnits)
        {
            if (number.EndsWith(suffix, StringComparison.Ordinal))
            {
                number = number[..^suffix.Length].TrimEnd();
                factor = unit;
                break;
            }
        }

        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            || count > long.MaxValue / factor)
        {
            return false;
        }

        value = count * factor;
        return true;
    }

    public static bool TryReadDuration(string text, out TimeSpan value)
    {
        value = default;
        ReadOnlySpan<char> number = text.AsSpan().Trim();
        double factor = 1e9;
        foreach (var (suffix, unit) in TimeUnits)
        {
            if (number.EndsWith(suffix, StringComparison.Ordinal))
            {
                number = number[..^suffix.Length].TrimEnd();
                factor = unit;
                break;
            }
        }

        const double NanosecondsMax = 9.2e18;
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
            || count * factor > NanosecondsMax)
        {
            return false;
        }

        value = TimeSpan.FromTicks((long)(count * factor / 100));
        return true;
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}

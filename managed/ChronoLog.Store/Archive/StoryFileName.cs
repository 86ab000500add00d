using System.Globalization;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Name of a StoryFile: <c>startTick-endTick-generation.h5</c>. Ticks are padded to 20 digits, the length of 2^64, so
/// that names sort by time. Several generations of one range complement each other: a later one holds late events.
/// </summary>
/// <param name="StartTime">ChronoTick, inclusive.</param>
/// <param name="EndTime">ChronoTick, exclusive.</param>
/// <param name="Generation">0 for the first file of the range.</param>
public readonly record struct StoryFileName(ulong StartTime, ulong EndTime, uint Generation)
    : IComparable<StoryFileName>
{
    public const string Extension = ".h5";

    private const int TickDigits = 20;

    /// <summary>Reads exactly what <see cref="ToString(string)"/> writes.</summary>
    public static bool TryParse(string text, out StoryFileName name, string extension = Extension)
    {
        name = default;
        if (!text.EndsWith(extension, StringComparison.Ordinal) || text.Length > 80)
        {
            return false;
        }

        string[] parts = text[..^extension.Length].Split('-');
        if (parts.Length != 3 || !TryNumber(parts[0], out ulong start) || !TryNumber(parts[1], out ulong end)
            || !TryNumber(parts[2], out ulong generation) || generation > uint.MaxValue || end < start)
        {
            return false;
        }

        name = new StoryFileName(start, end, (uint)generation);
        return name.ToString(extension) == text;
    }

    public override string ToString() => ToString(Extension);

    public string ToString(string extension) => string.Create(
        CultureInfo.InvariantCulture, $"{StartTime:D20}-{EndTime:D20}-{Generation}{extension}");

    public int CompareTo(StoryFileName other)
    {
        int order = StartTime.CompareTo(other.StartTime);
        if (order == 0)
        {
            order = EndTime.CompareTo(other.EndTime);
        }

        return order != 0 ? order : Generation.CompareTo(other.Generation);
    }

    private static bool TryNumber(string digits, out ulong value)
    {
        value = 0;
        return digits.Length is > 0 and <= TickDigits
            && ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}

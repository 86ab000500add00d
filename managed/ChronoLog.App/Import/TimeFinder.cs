using System.Text.RegularExpressions;

namespace ChronoLog.App.Import;

/// <summary>Where in a line its time stands: at the beginning, in a column, or where a regular expression says.</summary>
internal sealed class TimeFinder(TimeFormat format)
{
    // Blanks, brackets and priority before it, and the longest of times, with room to spare.
    private const int BeginningBytes = 1024;

    // Editors of another system put it before the first line.
    private const string ByteOrderMark = "\uFEFF";

    /// <summary>Group "time", or the first one, or all of the match is the time.</summary>
    public Regex? Expression { get; init; }

    /// <summary>From 1; null = not by column.</summary>
    public int? Column { get; init; }

    /// <summary>Between columns; null = blanks, any number of them.</summary>
    public char? Separator { get; init; }

    /// <summary>Bytes at the beginning of a line in which its time is looked for.</summary>
    public int BytesMax => Expression is null && Column is null && format.Opening.Length == 0 ? BeginningBytes : int.MaxValue;

    /// <param name="line">Its first <see cref="BytesMax"/> bytes suffice.</param>
    /// <param name="tick">The time; 0 without one.</param>
    /// <returns>False: the line has no time there, and goes on with the event before it.</returns>
    public bool TryFind(ReadOnlySpan<char> line, out ulong tick)
    {
        tick = 0;
        line = line.StartsWith(ByteOrderMark) ? line[ByteOrderMark.Length..] : line;
        return Expression is not null
            ? TryMatch(line.ToString(), out tick)
            : Column is { } column
                ? AtColumn(line, column) is { IsEmpty: false } text && format.TryRead(text, out tick)
                : TryBeginning(line, out tick);
    }

    private bool TryMatch(string line, out ulong tick)
    {
        tick = 0;
        Match match = Expression!.Match(line);
        if (!match.Success)
        {
            return false;
        }

        Group group = match.Groups["time"].Success ? match.Groups["time"]
            : match.Groups.Count > 1 && match.Groups[1].Success ? match.Groups[1] : match;
        return format.TryRead(group.ValueSpan, out tick);
    }

    private ReadOnlySpan<char> AtColumn(ReadOnlySpan<char> line, int column)
    {
        for (int i = 1; i < column; i++)
        {
            line = Separator is null ? line.TrimStart(" \t") : line;
            int end = Separator is { } separator ? line.IndexOf(separator) : line.IndexOfAny(' ', '\t');
            if (end < 0)
            {
                return default;
            }

            line = line[(end + 1)..];
        }

        return line.TrimStart(" \t\"[");
    }

    // What loggers put before it: blanks, a bracket, a quote, syslog's priority.
    private bool TryBeginning(ReadOnlySpan<char> line, out ulong tick)
    {
        if (format.Opening.Length > 0)
        {
            int opening = line.IndexOf(format.Opening);
            line = opening < 0 ? default : line[(opening + format.Opening.Length)..];
        }

        if (line.Length > 2 && line[0] == '<' && line[..Math.Min(line.Length, 5)].IndexOf('>') is > 0 and var end)
        {
            line = line[(end + 1)..];
        }

        return format.TryRead(line.TrimStart(" \t\"["), out tick);
    }
}

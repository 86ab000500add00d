using System.Text.RegularExpressions;

namespace ChronoLog.App.Import;

/// <summary>How files are to be read.</summary>
internal sealed record ImportOptions
{
    public required string Format { get; init; }

    public required TimeZoneInfo Zone { get; init; }

    public int? Year { get; init; }

    public Regex? Expression { get; init; }

    public int? Column { get; init; }

    public char? Separator { get; init; }

    /// <summary>Name of the source; null = each file's own.</summary>
    public string? Source { get; init; }

    public bool SkipsErrors { get; init; }

    public string TemporaryDirectory { get; init; } = Path.GetTempPath();

    /// <summary>Memory for sorting; beyond it temporary files.</summary>
    public int SortBytes { get; init; } = 64 << 20;

    /// <summary>Records of one StoryFile.</summary>
    public int ChunkBytes { get; init; } = 16 << 20;

    /// <param name="written">ChronoTick of the file's last change, for times without a year.</param>
    public TimeFinder Finder(ulong written) => new(TimeFormat.Of(Format, Zone, new YearGuess(Year, written)))
    {
        Expression = Expression, Column = Column, Separator = Separator,
    };
}

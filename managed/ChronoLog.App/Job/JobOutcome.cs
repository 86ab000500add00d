using System.Globalization;

namespace ChronoLog.App.Job;

/// <summary>How a job's deployment ended.</summary>
/// <param name="Status">0: everything in order, on every node.</param>
/// <param name="LeftBehind">What is not archived, and where it is; a line for each cause.</param>
internal sealed record JobOutcome(int Status, IReadOnlyList<string> LeftBehind)
{
    public string Format() => string.Join('\n', LeftBehind.Select(line => line.ReplaceLineEndings(" "))
        .Prepend(Status.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Of a file's text; what is no such text is a failure.</summary>
    public static JobOutcome Parse(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Length > 0 && int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out int status)
            && status is >= 0 and < 256
                ? new JobOutcome(status, lines[1..])
                : new JobOutcome(ExitCode.Failed, ["somebody has written into the run's files"]);
    }
}

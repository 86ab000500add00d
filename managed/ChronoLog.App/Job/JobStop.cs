using System.Globalization;

namespace ChronoLog.App.Job;

/// <summary>Why a job ends.</summary>
/// <param name="Status">What ranks end with whose applications are stopped because of it; 0: nothing has failed.</param>
/// <param name="Reason">One line for people.</param>
internal sealed record JobStop(int Status, string Reason)
{
    public static readonly JobStop AllDone = new(0, "");

    /// <summary>False: all has been done, or somebody asked for the end.</summary>
    public bool IsFailure => Status != 0;

    public string Format() => string.Create(CultureInfo.InvariantCulture, $"{Status} {Reason.ReplaceLineEndings(" ")}");

    /// <summary>Of a file's text; what is no such text is a failure.</summary>
    public static JobStop Parse(string text)
    {
        string[] parts = text.Trim().Split(' ', 2);
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int status) && status is >= 0 and < 256
            ? new JobStop(status, parts.Length > 1 ? parts[1] : "")
            : new JobStop(ExitCode.Failed, "somebody has written into the run's files");
    }
}

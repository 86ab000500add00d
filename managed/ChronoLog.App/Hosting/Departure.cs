using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Hosting;

/// <summary>
/// How a stop ended: says what is left unarchived and where, in the log and to whoever stopped the process.
/// </summary>
internal static class Departure
{
    /// <summary>The last words of a role that drains.</summary>
    /// <param name="process">Its log and settings.</param>
    /// <param name="rest">What is left, how much and where; nothing = an orderly end.</param>
    /// <returns>The exit status.</returns>
    public static int Report(RoleContext process, IReadOnlyList<string> rest)
    {
        foreach (string what in rest)
        {
            process.Logger.LogError("stopped with {Rest}", what);
        }

        if (rest.Count == 0)
        {
            process.Logger.LogInformation("stopped");
        }

        Write(process, rest);
        return rest.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Write(RoleContext process, IReadOnlyList<string> rest)
    {
        string path = process.Settings.Get(DrainSettings.LeftBehindFile);
        if (path.Length == 0)
        {
            return;
        }

        try
        {
            File.Delete(path); // an earlier run's words, which no longer hold
            if (rest.Count > 0)
            {
                File.WriteAllLines(path, rest.Select(what => $"{process.Name} stopped with {what}"));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            process.Logger.LogError("left-behind-file cannot be written: {Reason}", exception.Message);
        }
    }
}

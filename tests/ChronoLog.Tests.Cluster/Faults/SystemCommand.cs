using System.Diagnostics;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Runs a short command of the system.</summary>
internal static class SystemCommand
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Null when the command succeeded, else what it said.</summary>
    public static string? Try(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return $"{command}: {exception.Message}";
        }

        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = process.StandardError.ReadToEnd();
            if (!process.WaitForExit(Deadline))
            {
                process.Kill();
                return $"{command} {string.Join(' ', arguments)} did not end";
            }

            return process.ExitCode == 0
                ? null
                : $"{command} {string.Join(' ', arguments)}: {error}{output.GetAwaiter().GetResult()}".Trim();
        }
    }

    public static void Run(string command, params string[] arguments)
    {
        string? trouble = Try(command, arguments);
        Assert.That(trouble, Is.Null);
    }
}

using System.Diagnostics;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Runs a short command of the system.</summary>
internal static class SystemCommand
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Null when the command succeeded, else what it said.</summary>
    public static string? Try(string command, params string[] arguments) => Execute(command, arguments).Trouble;

    public static void Run(string command, params string[] arguments) => Output(command, arguments);

    /// <summary>What a command that succeeded wrote to its standard output.</summary>
    public static string Output(string command, params string[] arguments)
    {
        (string? trouble, string output) = Execute(command, arguments);
        Assert.That(trouble, Is.Null);
        return output;
    }

    private static (string? Trouble, string Output) Execute(string command, string[] arguments)
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
            return ($"{command}: {exception.Message}", "");
        }

        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = process.StandardError.ReadToEnd();
            if (!process.WaitForExit(Deadline))
            {
                process.Kill();
                return ($"{command} {string.Join(' ', arguments)} did not end", "");
            }

            string written = output.GetAwaiter().GetResult();
            return process.ExitCode == 0
                ? (null, written)
                : ($"{command} {string.Join(' ', arguments)}: {error}{written}".Trim(), written);
        }
    }
}

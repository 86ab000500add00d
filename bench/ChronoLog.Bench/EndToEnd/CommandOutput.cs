using System.Diagnostics;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>Runs a program to its end.</summary>
internal static class CommandOutput
{
    /// <returns>What it printed.</returns>
    /// <exception cref="BenchException">It failed; what it said is in the message.</exception>
    public static async Task<string> OfAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new BenchException(
                $"{Path.GetFileName(program)} {string.Join(' ', arguments)} ended with status {process.ExitCode}: "
                + await error);
    }
}

using System.Diagnostics;

namespace ChronoLog.Tests.Cluster.Deployments;

/// <summary>Runs the shipped executable.</summary>
internal static class Chronolog
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>The NativeAOT binary that build.sh made: what users get is what is tested.</summary>
    public static string Executable { get; } = FindExecutable();

    public static async Task<Outcome> RunAsync(string? input, params string[] arguments)
    {
        var start = new ProcessStartInfo(Executable, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }

        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(Deadline);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"chronolog {string.Join(' ', arguments)} did not end within {Deadline}");
        }

        return new Outcome(process.ExitCode, await output, await error);
    }

    private static string FindExecutable()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            string candidate = Path.Combine(at, "artifacts", "bin", "chronolog");
            if (File.Exists(candidate))
            {
                return Environment.GetEnvironmentVariable("CHRONOLOG_TEST_EXECUTABLE") ?? candidate;
            }
        }

        return Environment.GetEnvironmentVariable("CHRONOLOG_TEST_EXECUTABLE")
            ?? throw new FileNotFoundException("artifacts/bin/chronolog is not built: ./build.sh build");
    }

    /// <summary>How a command ended.</summary>
    internal sealed record Outcome(int ExitCode, string Output, string Error)
    {
        public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        /// <summary>The outcome, if the command succeeded.</summary>
        public Outcome Succeeded()
        {
            Assert.That(ExitCode, Is.Zero, () => $"{Error}\n{Output}");
            return this;
        }
    }
}

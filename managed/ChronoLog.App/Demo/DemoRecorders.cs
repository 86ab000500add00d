using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ChronoLog.App.Demo;

/// <summary>The client processes of the demo: this executable, started with its own commands.</summary>
internal sealed class DemoRecorders : IDisposable
{
    private readonly List<(string Name, Process Process, Task<string> Output)> running = [];

    public int Count => running.Count;

    public bool AllEnded => running.TrueForAll(recorder => recorder.Process.HasExited);

    public void Start(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        Process process = Process.Start(start)!;
        running.Add((name, process, process.StandardOutput.ReadToEndAsync()));
    }

    /// <summary>Waits for all and gives what each said it had recorded.</summary>
    /// <exception cref="IOException">One of them failed.</exception>
    public async Task<IReadOnlyList<(string Name, long Events)>> FinishAsync(CancellationToken cancellation)
    {
        var results = new List<(string, long)>();
        foreach ((string name, Process process, Task<string> output) in running)
        {
            await process.WaitForExitAsync(cancellation);
            if (process.ExitCode != 0)
            {
                throw new IOException(string.Create(
                    CultureInfo.InvariantCulture, $"recorder '{name}' ended with status {process.ExitCode}"));
            }

            using JsonDocument summary = JsonDocument.Parse(await output.WaitAsync(cancellation));
            results.Add((name, summary.RootElement.GetProperty("events").GetInt64()));
        }

        return results;
    }

    public void Dispose()
    {
        foreach ((_, Process process, _) in running)
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }
    }
}

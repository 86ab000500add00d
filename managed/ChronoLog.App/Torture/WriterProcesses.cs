using System.Diagnostics;
using System.Globalization;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Torture;

/// <summary>The writers: processes of this executable, started again when they are killed.</summary>
internal sealed class WriterProcesses(TortureOptions options, string endpoint) : IDisposable
{
    private readonly List<Running> all = [];
    private readonly Running?[] current = new Running?[options.Writers];

    public IReadOnlyList<WriterLedger> Ledgers => all.ConvertAll(running => running.Ledger);

    public void StartAll()
    {
        for (int writer = 0; writer < current.Length; writer++)
        {
            Start(writer);
        }
    }

    /// <summary>Kills a writer and starts its next incarnation.</summary>
    public void Kill(int writer)
    {
        PosixProcess.KillNow(current[writer]!.Process.Id);
        current[writer]!.Process.WaitForExit();
        Start(writer);
    }

    /// <summary>Asks all to end, waits, and for what they said.</summary>
    public async Task FinishAsync(TimeSpan deadline)
    {
        using var timeout = new CancellationTokenSource(deadline);
        foreach (Running running in current.OfType<Running>())
        {
            PosixProcess.Terminate(running.Process.Id);
        }

        foreach (Running running in all)
        {
            await running.Process.WaitForExitAsync(timeout.Token);
            await running.Reading.WaitAsync(timeout.Token);
        }
    }

    public void Dispose()
    {
        foreach (Running running in all)
        {
            if (!running.Process.HasExited)
            {
                PosixProcess.KillNow(running.Process.Id);
            }

            running.Process.Dispose();
        }
    }

    private void Start(int writer)
    {
        int incarnation = all.Count(running => running.Ledger.Writer == writer);
        string[] arguments =
        [
            "torture", "--writer", Text(writer), "--incarnation", Text(incarnation), "--endpoint", endpoint,
            "--level", options.Level.ToString(), "--rate", options.Rate.ToString(CultureInfo.InvariantCulture),
            "--size", Text(options.RecordBytes),
        ];
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start)!;
        var ledger = new WriterLedger(writer, incarnation);
        all.Add(current[writer] = new Running(process, ledger, ReadAsync(process, ledger)));
    }

    private static async Task ReadAsync(Process process, WriterLedger ledger)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            ledger.Take(line);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Running(Process Process, WriterLedger Ledger, Task Reading);
}

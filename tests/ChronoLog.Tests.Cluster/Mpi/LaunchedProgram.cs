using System.Diagnostics;
using System.Text;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>A program under way, and what it has said so far.</summary>
internal sealed class LaunchedProgram : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private readonly Process process;
    private readonly string name;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();

    private LaunchedProgram(Process process, string name)
    {
        this.process = process;
        this.name = name;
    }

    public int Pid => process.Id;

    /// <summary>Of standard output, so far.</summary>
    public string Output => Read(output);

    public static LaunchedProgram Start(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string key, string value) in environment)
        {
            start.Environment[key] = value;
        }

        var launched = new LaunchedProgram(new Process { StartInfo = start }, $"{program} {string.Join(' ', arguments)}");
        launched.process.OutputDataReceived += (_, line) => Add(launched.output, line.Data);
        launched.process.ErrorDataReceived += (_, line) => Add(launched.error, line.Data);
        launched.process.Start();
        launched.process.StandardInput.Close();
        launched.process.BeginOutputReadLine();
        launched.process.BeginErrorReadLine();
        return launched;
    }

    public async Task<Outcome> EndAsync()
    {
        using var timeout = new CancellationTokenSource(Deadline);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            End();
            throw new TimeoutException($"{name} did not end within {Deadline}:\n{Read(error)}\n{Read(output)}");
        }

        return new Outcome(name, process.ExitCode, Read(output), Read(error));
    }

    /// <summary>Kills it if it still runs.</summary>
    public void Dispose()
    {
        End();
        process.Dispose();
    }

    private void End()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
    }

    private static void Add(StringBuilder to, string? line)
    {
        lock (to)
        {
            to.Append(line).Append(line is null ? "" : "\n");
        }
    }

    private static string Read(StringBuilder from)
    {
        lock (from)
        {
            return from.ToString();
        }
    }

    /// <summary>How a program ended.</summary>
    internal sealed record Outcome(string Name, int ExitCode, string Output, string Error)
    {
        public override string ToString() => $"{Name}: status {ExitCode}\n{Error}\n{Output}";

        /// <summary>The outcome, if it succeeded.</summary>
        public Outcome Succeeded()
        {
            Assert.That(ExitCode, Is.Zero, ToString);
            return this;
        }
    }
}

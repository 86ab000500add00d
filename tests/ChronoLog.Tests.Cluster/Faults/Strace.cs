using System.ComponentModel;
using System.Diagnostics;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Makes system calls of a running process fail, or do nothing, until disposed.</summary>
internal sealed class Strace : IDisposable
{
    private static readonly Lazy<string?> Obstacle = new(FindObstacle);

    private readonly Process process;
    private readonly string trace;
    private readonly int target;
    private bool isDisposed;

    private Strace(Process process, string trace, int target)
    {
        this.process = process;
        this.trace = trace;
        this.target = target;
    }

    /// <summary>Calls that were tampered with so far, as strace shows them.</summary>
    public IReadOnlyList<string> Injected
    {
        get
        {
            using var reader = new StreamReader(
                new FileStream(trace, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return [.. reader.ReadToEnd().Split('\n').Where(line => line.Contains("(INJECTED)"))];
        }
    }

    /// <summary>Skips the test where strace is missing or may not attach.</summary>
    public static void Require()
    {
        if (Obstacle.Value is { } obstacle)
        {
            Assert.Ignore($"system calls cannot be tampered with here: {obstacle}");
        }
    }

    /// <summary>
    /// Attaches to all threads of a process. <paramref name="calls"/> that a machine does not have are passed over.
    /// </summary>
    /// <param name="pid">The process.</param>
    /// <param name="calls">Names, comma-separated.</param>
    /// <param name="what">
    /// As strace has it: <c>error=EIO:when=2</c>, <c>retval=0</c>. Each thread counts for itself.
    /// </param>
    public static async Task<Strace> AttachAsync(int pid, string calls, string what)
    {
        string trace = Path.GetTempFileName();
        string names = string.Join(',', calls.Split(',').Select(call => $"?{call}"));
        var start = new ProcessStartInfo(
            "strace", ["-f", "-o", trace, "-p", $"{pid}", "-e", $"trace={names}", "-e", $"inject={names}:{what}"])
        {
            UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true,
        };
        var strace = new Strace(Process.Start(start)!, trace, pid);
        var said = new List<string>();
        string? line;
        do
        {
            line = await strace.process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            said.Add(line ?? "");
        }
        while (line is not null && !line.Contains(" attached"));
        if (line is null)
        {
            strace.Dispose();
            throw new InvalidOperationException(string.Join('\n', said));
        }

        _ = strace.process.StandardError.ReadToEndAsync(); // of new threads: nobody must wait for a full pipe
        return strace;
    }

    /// <summary>The process goes on as if nothing had been. A second call does nothing.</summary>
    public void Dispose()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        if (!process.HasExited)
        {
            SystemCommand.Try("kill", "-INT", $"{process.Id}"); // detaches, and the process goes on
            if (!process.WaitForExit(TimeSpan.FromSeconds(20)))
            {
                process.Kill();
                SystemCommand.Try("kill", "-CONT", $"{target}");
            }
        }

        process.Dispose();
        File.Delete(trace);
    }

    private static string? FindObstacle()
    {
        using Process sleeper = Process.Start("sleep", "60");
        try
        {
            using Strace strace = AttachAsync(sleeper.Id, "msync", "retval=0").GetAwaiter().GetResult();
            return null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            return exception.Message;
        }
        finally
        {
            sleeper.Kill();
        }
    }
}

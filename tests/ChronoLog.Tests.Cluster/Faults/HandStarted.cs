using System.Diagnostics;
using System.Text;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>The processes of a deployment without their supervisor, started one by one by hand.</summary>
internal sealed class HandStarted : IDisposable
{
    private readonly SortedDictionary<string, string[]> commands = new(StringComparer.Ordinal);
    private readonly List<Process> running = [];

    /// <summary>Notes how every process of a deployment that runs was started.</summary>
    public HandStarted(StatusReply status)
    {
        foreach ((string name, int pid) in status.Pids())
        {
            string line = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline"));
            commands.Add(name, line.TrimEnd('\0').Split('\0'));
        }
    }

    public IReadOnlyCollection<string> Names => commands.Keys;

    public IReadOnlyCollection<int> Pids => [.. running.Select(process => process.Id)];

    /// <summary>
    /// Starts them in an order given by name, each without waiting for the one before. Those of an earlier start must
    /// have ended.
    /// </summary>
    public void Start(IEnumerable<string> names)
    {
        Dispose();
        foreach (string name in names)
        {
            string[] command = commands[name];
            // They append what they say to their log files by themselves.
            var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false };
            running.Add(Process.Start(start)!);
        }
    }

    public void Dispose()
    {
        foreach (Process process in running)
        {
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit();
            }

            process.Dispose();
        }

        running.Clear();
    }
}

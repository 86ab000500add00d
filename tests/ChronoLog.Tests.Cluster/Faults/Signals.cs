using System.Globalization;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Stops, continues and kills processes, and waits until it is done.</summary>
internal static class Signals
{
    public static async Task StopAsync(int pid)
    {
        SystemCommand.Run("kill", "-STOP", Text(pid));
        await Waiting.UntilAsync(() => StateOf(pid) is 'T' or 't', $"process {pid} to stop");
    }

    public static async Task ContinueAsync(int pid)
    {
        SystemCommand.Run("kill", "-CONT", Text(pid));
        await Waiting.UntilAsync(() => StateOf(pid) is not 'T', $"process {pid} to go on");
    }

    /// <summary>Kills all of them by one command, and waits until none is left.</summary>
    public static async Task KillAsync(IReadOnlyCollection<int> pids)
    {
        SystemCommand.Run("kill", ["-KILL", .. pids.Select(Text)]);
        await Waiting.UntilAsync(() => pids.All(IsGone), "killed processes to end");
    }

    /// <summary>True when there is no such process, or only its zombie.</summary>
    public static bool IsGone(int pid) => StateOf(pid) is null or 'Z' or 'X';

    /// <summary>Resident memory of a process in bytes, mapped files included; 0 when it is gone.</summary>
    public static long ResidentBytes(int pid) => Memory(pid, "VmRSS:");

    /// <summary>Of that, what is no file's.</summary>
    public static long AnonymousBytes(int pid) => Memory(pid, "RssAnon:");

    private static long Memory(int pid, string row)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{pid}/status")
                .FirstOrDefault(each => each.StartsWith(row, StringComparison.Ordinal));
            string kibibytes = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] ?? "0";
            return long.Parse(kibibytes, CultureInfo.InvariantCulture) << 10;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // T: stopped; t: the same under a tracer. The command in field 2 may hold spaces and parentheses.
    private static char? StateOf(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string Text(int pid) => pid.ToString(CultureInfo.InvariantCulture);
}

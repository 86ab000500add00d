using System.Globalization;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>The TCP ports that a process listens on, whoever opened them in it.</summary>
internal static class ListeningPorts
{
    private const string Listening = "0A";

    public static IReadOnlyList<int> Of(int pid)
    {
        HashSet<string> inodes = [.. Directory.GetFileSystemEntries($"/proc/{pid}/fd")
            .Select(path => new FileInfo(path).LinkTarget ?? "")
            .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(target => target[8..^1])];
        return [.. File.ReadLines($"/proc/{pid}/net/tcp").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == Listening && inodes.Contains(fields[9]))
            .Select(fields => int.Parse(
                fields[1].Split(':')[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))];
    }
}

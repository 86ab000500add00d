using System.Globalization;

namespace ChronoLog.App.Job;

/// <summary>Who has started whom, from /proc.</summary>
internal static class ProcessTree
{
    /// <summary>Children of a process, theirs, and so on: as far as their parents still live.</summary>
    public static IReadOnlyList<int> DescendantsOf(int pid)
    {
        ILookup<int, int> children = All().ToLookup(each => each.Parent, each => each.Pid);
        var found = new List<int>(children[pid]);
        for (int i = 0; i < found.Count; i++)
        {
            found.AddRange(children[found[i]]);
        }

        return found;
    }

    private static IEnumerable<(int Pid, int Parent)> All()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && ParentOf(folder) is { } parent)
            {
                yield return (pid, parent);
            }
        }
    }

    // Field 4 of stat; the command in field 2 may hold spaces and parentheses.
    private static int? ParentOf(string folder)
    {
        try
        {
            string stat = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null; // it has ended meanwhile
        }
    }
}

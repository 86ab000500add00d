using System.Text;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// The file of a story that keeps apart what cannot be in its StoryFiles: events whose EventSequence another event of
/// other bytes has. Lines of JSON, each once, appended and synced before the chunk counts as archived. Format:
/// ARCHIVE-FORMAT.md.
/// </summary>
public static class ConflictFile
{
    public const string Name = ".conflicts";

    /// <summary>Beyond it, conflicts are only counted: a client gone mad must not fill the archive.</summary>
    private const long BytesMax = 64L << 20;

    /// <summary>Adds the lines that are not there.</summary>
    /// <returns>Lines added; and those that found no room.</returns>
    /// <exception cref="IOException">It was not synced; nothing is promised.</exception>
    public static (long Added, long Beyond) Append(PosixDirectory storyDirectory, IReadOnlyList<string> lines)
    {
        bool isNew = storyDirectory.TryStat(Name) is null;
        using PosixFile file = storyDirectory.OpenFile(Name, PosixOpen.ReadWrite | PosixOpen.Create);
        if (!file.TryLock())
        {
            throw new IOException($"'{file.Path}' is being written by another Grapher that has this archive; try again");
        }

        (HashSet<string> known, long end) = Read(file);
        var added = new StringBuilder();
        long count = 0;
        long beyond = 0;
        foreach (string line in lines)
        {
            if (end + added.Length + line.Length >= BytesMax)
            {
                beyond++;
            }
            else if (known.Add(line))
            {
                added.Append(line).Append('\n');
                count++;
            }
        }

        file.WriteAt(Encoding.UTF8.GetBytes(added.ToString()), end); // over the torn tail, if there is one
        file.Sync();
        if (isNew)
        {
            storyDirectory.Sync();
        }

        return (count, beyond);
    }

    /// <summary>Conflicting events kept apart in a story's directory.</summary>
    public static long Count(PosixDirectory storyDirectory)
    {
        if (storyDirectory.TryStat(Name) is null)
        {
            return 0;
        }

        using PosixFile file = storyDirectory.OpenFile(Name, PosixOpen.Read | PosixOpen.NonBlocking);
        return Read(file).Lines.Count;
    }

    // Whole lines only; the length of those.
    private static (HashSet<string> Lines, long End) Read(PosixFile file)
    {
        var bytes = new byte[Math.Min(file.Length, BytesMax)];
        int got = file.ReadAt(bytes, 0);
        int end = bytes.AsSpan(0, got).LastIndexOf((byte)'\n') + 1;
        string[] lines = Encoding.UTF8.GetString(bytes, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return ([.. lines], end);
    }
}

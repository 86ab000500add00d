using ChronoLog.Core.Model;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// The directory tree of an archive: <c>root/chronicle/story/file.h5</c>. Below the root nothing is followed through
/// symbolic links. Thread-safe.
/// </summary>
public sealed class ArchiveRoot : IDisposable
{
    // Names of this kind are never encodings of a story's name, which do not begin with a dot.
    private const string DestroyedPrefix = ".destroyed-";
    private const int AttemptsMax = 100;

    private readonly PosixDirectory root;

    private ArchiveRoot(PosixDirectory root) => this.root = root;

    /// <summary>Full path.</summary>
    public string Path => root.Path;

    /// <summary>Opens the archive, and creates its directory if it is missing.</summary>
    /// <exception cref="PosixException">The directory can be neither opened nor created.</exception>
    public static ArchiveRoot Open(string path) => new(PosixDirectory.OpenOrCreate(System.IO.Path.GetFullPath(path)));

    /// <summary>Full path of a story's directory.</summary>
    public string StoryPath(in StoryName name)
    {
        (string chronicle, string story) = ArchiveNames.Encode(name);
        return System.IO.Path.Combine(Path, chronicle, story);
    }

    /// <summary>Opens a story's directory, creating it (and its chronicle's) durably if it is missing.</summary>
    /// <exception cref="PosixException">The disk is full or not writable, or something else has the name.</exception>
    public PosixDirectory CreateStory(in StoryName name)
    {
        (string chronicleName, string storyName) = ArchiveNames.Encode(name);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                root.CreateDirectory(chronicleName);
                using PosixDirectory directory = root.OpenDirectory(chronicleName);
                directory.CreateDirectory(storyName);
                return directory.OpenDirectory(storyName);
            }
            catch (PosixException exception) when (exception.Errno == PosixError.NotFound && attempt < AttemptsMax)
            {
                // Its last story was destroyed at this moment, and the chronicle's directory with it.
            }
        }
    }

    /// <summary>Opens a story's directory; null when it has none.</summary>
    public PosixDirectory? TryOpenStory(in StoryName name)
    {
        (string chronicle, string story) = ArchiveNames.Encode(name);
        return TryOpen(chronicle, story);
    }

    /// <summary>The components of every story's directory, sorted.</summary>
    public IReadOnlyList<(string Chronicle, string Story)> ListStories()
    {
        var stories = new List<(string, string)>();
        foreach (string chronicle in Directories(Path))
        {
            foreach (string story in Directories(System.IO.Path.Combine(Path, chronicle)))
            {
                stories.Add((chronicle, story));
            }
        }

        return stories;
    }

    /// <summary>
    /// Removes a story: its directory is renamed durably (from then on it is gone), then emptied and removed.
    /// </summary>
    /// <returns>False when there was none.</returns>
    public bool DestroyStory(in StoryName name)
    {
        (string chronicleName, string storyName) = ArchiveNames.Encode(name);
        using PosixDirectory? parent = TryOpen(chronicleName);
        if (parent?.TryStat(storyName) is null)
        {
            return false;
        }

        string doomed = SetAside(parent, storyName);
        RemoveTree(parent, doomed);
        RemoveIfEmpty(chronicleName);
        return true;
    }

    /// <summary>Removes what writers and destroyers that died have left behind; what is in use stays.</summary>
    /// <returns>Number of files and directories removed.</returns>
    public int CleanLeftovers()
    {
        int removed = 0;
        foreach (string chronicle in Directories(Path))
        {
            using PosixDirectory? directory = TryOpen(chronicle);
            if (directory is null)
            {
                continue;
            }

            foreach (string doomed in Hidden(directory.Path).Where(IsDestroyed))
            {
                RemoveTree(directory, doomed);
                removed++;
            }

            removed += Directories(directory.Path).Sum(story => CleanStory(chronicle, story));
        }

        return removed;
    }

    public void Dispose() => root.Dispose();

    internal PosixDirectory? TryOpen(string chronicleComponent, string? storyComponent = null)
    {
        try
        {
            PosixDirectory chronicle = root.OpenDirectory(chronicleComponent);
            if (storyComponent is null)
            {
                return chronicle;
            }

            using (chronicle)
            {
                return chronicle.OpenDirectory(storyComponent);
            }
        }
        catch (PosixException exception) when (exception.Errno == PosixError.NotFound)
        {
            return null;
        }
    }

    private static bool IsDestroyed(string name) => name.StartsWith(DestroyedPrefix, StringComparison.Ordinal);

    private static string SetAside(PosixDirectory parent, string storyName)
    {
        for (int number = 0; ; number++)
        {
            string doomed = $"{DestroyedPrefix}{number}-{storyName}";
            try
            {
                parent.Rename(storyName, doomed, overwrite: false);
                parent.Sync();
                return doomed;
            }
            catch (PosixException exception) when (exception.Errno == PosixError.Exists && number < AttemptsMax)
            {
                // An earlier one that was not removed completely.
            }
        }
    }

    private int CleanStory(string chronicle, string story)
    {
        using PosixDirectory? directory = TryOpen(chronicle, story);
        return directory is null
            ? 0
            : Hidden(directory.Path).Where(TemporaryFile.IsTemporaryName).Count(name => TryClean(directory, name));
    }

    private static bool TryClean(PosixDirectory directory, string name)
    {
        try
        {
            return TemporaryFile.TryClean(directory, name);
        }
        catch (PosixException)
        {
            return false; // published, or removed by somebody else in the meantime
        }
    }

    // A story's directory holds files only. A writer may still put one there while we empty it.
    private static void RemoveTree(PosixDirectory parent, string name)
    {
        for (int attempt = 1; ; attempt++)
        {
            using (PosixDirectory doomed = parent.OpenDirectory(name))
            {
                foreach (string file in Names(doomed.Path, directories: false))
                {
                    _ = doomed.Unlink(file);
                }
            }

            try
            {
                parent.RemoveDirectory(name);
                parent.Sync();
                return;
            }
            catch (PosixException exception) when (exception.Errno == PosixError.NotEmpty && attempt < AttemptsMax)
            {
            }
        }
    }

    private void RemoveIfEmpty(string chronicleName)
    {
        try
        {
            root.RemoveDirectory(chronicleName);
            root.Sync();
        }
        catch (PosixException exception) when (exception.Errno is PosixError.NotEmpty or PosixError.Exists)
        {
            // It has other stories.
        }
    }

    private static IEnumerable<string> Directories(string path) =>
        Names(path, directories: true).Where(name => !name.StartsWith('.')).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Hidden(string path) =>
        Names(path, directories: false).Concat(Names(path, directories: true)).Where(name => name.StartsWith('.'));

    internal static IReadOnlyList<string> Names(string path, bool directories)
    {
        try
        {
            IEnumerable<FileSystemInfo> entries = new DirectoryInfo(path).EnumerateFileSystemInfos("*", Everything);
            return [.. entries
                .Where(entry => entry is DirectoryInfo == directories)
                .Where(entry => !directories || !entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
                .Select(entry => entry.Name)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    // The default leaves hidden names out, and stays silent about what cannot be read.
    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        MatchType = MatchType.Simple,
    };
}

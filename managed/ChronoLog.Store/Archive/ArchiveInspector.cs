using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Hdf5;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>What <c>chronolog archive</c> shows: plain results, for files and whole archives.</summary>
public static class ArchiveInspector
{
    private const string Aside = "it is damaged and was set aside; its Grapher rebuilds it if the Keepers' journals still "
        + "hold its events, and what it cannot give is a gap of every replay until then";

    /// <summary>Every StoryFile and foreign file of an archive, by story and time.</summary>
    /// <exception cref="ChronoLogException">NotExist: there is no such directory.</exception>
    public static IReadOnlyList<ArchiveFileSummary> List(string archiveDirectory)
    {
        using ArchiveCatalog catalog = OpenExisting(archiveDirectory);
        var summaries = new List<ArchiveFileSummary>();
        foreach (StoryListing story in catalog.Stories)
        {
            summaries.AddRange(story.Files.Select(file => Summarise(story, file)));
            summaries.AddRange(story.Foreign.Select(name => Foreign(catalog, story, name)));
        }

        return summaries;
    }

    /// <summary>One file's header, columns and partials.</summary>
    /// <exception cref="ChronoLogException">NotExist, or Corrupt.</exception>
    public static ArchiveFileDetail Show(string path)
    {
        if (PosixFile.TryStat(path) is null)
        {
            throw new ChronoLogException(Status.NotExist, $"there is no file '{path}'");
        }

        using StoryFile file = StoryFile.Open(path);
        using PosixFile opened = PosixFile.Open(path, PosixOpen.Read | PosixOpen.NonBlocking);
        return new ArchiveFileDetail(
            Path.GetFullPath(path),
            file.FileLength,
            file.Header,
            [.. file.Columns.Select((extent, index) => ((StoryColumn)index, extent))],
            StoryFile.ReadIdentity(opened).Partials);
    }

    /// <summary>
    /// Checks every byte of one StoryFile, or of all in an archive: checksums and order first, then, since a sound file
    /// cannot harm it, whether libhdf5 finds the same in it.
    /// </summary>
    /// <param name="path">A StoryFile, or an archive's directory.</param>
    /// <param name="progress">Told of each file when it was checked.</param>
    public static ArchiveVerification Verify(string path, Action<string>? progress = null)
    {
        var findings = new List<ArchiveFinding>();
        long files = 0;
        long bytes = 0;
        long events = 0;
        bool inArchive = Directory.Exists(path);
        foreach (string file in FilesOf(path, findings))
        {
            (long fileBytes, long fileEvents, IEnumerable<string> problems) = VerifyFile(file, inArchive);
            files++;
            bytes += fileBytes;
            events += fileEvents;
            findings.AddRange(problems.Select(problem => new ArchiveFinding(file, problem)));
            progress?.Invoke(file);
        }

        (long conflicts, long rebuilt) = inArchive ? Beside(path) : (0, 0);
        return new ArchiveVerification(files, bytes, events, findings) { Conflicts = conflicts, Rebuilt = rebuilt };
    }

    private static ArchiveCatalog OpenExisting(string archiveDirectory) => Directory.Exists(archiveDirectory)
        ? ArchiveCatalog.Open(archiveDirectory)
        : throw new ChronoLogException(Status.NotExist, $"there is no archive directory '{archiveDirectory}'");

    private static ArchiveFileSummary Summarise(StoryListing story, CatalogFile file)
    {
        StoryFileHeader? header = null;
        if (file.TryFacts() is not null)
        {
            header = StoryFile.ReadHeader(file.Path, file.Aside is not null);
        }

        return new ArchiveFileSummary(
            file.Path,
            header?.Chronicle ?? NameOf(story.ChronicleComponent),
            header?.Story ?? NameOf(story.StoryComponent),
            file.Name.StartTime,
            file.Name.EndTime,
            file.Name.Generation,
            PosixFile.TryStat(file.Path)?.Length ?? 0,
            header,
            file.Damage ?? (file.Aside is null ? null : Aside));
    }

    private static ArchiveFileSummary Foreign(ArchiveCatalog catalog, StoryListing story, string name)
    {
        string path = Path.Combine(catalog.Root.Path, story.ChronicleComponent, story.StoryComponent, name);
        return new ArchiveFileSummary(
            path, NameOf(story.ChronicleComponent), NameOf(story.StoryComponent), 0, 0, 0,
            PosixFile.TryStat(path)?.Length ?? 0, null,
            "it is no StoryFile: its name is not of the form start-end-generation.h5");
    }

    private static (long Conflicts, long Rebuilt) Beside(string archive)
    {
        using ArchiveCatalog catalog = OpenExisting(archive);
        long conflicts = 0;
        foreach (StoryListing story in catalog.Stories)
        {
            using PosixDirectory? directory = catalog.Root.TryOpen(story.ChronicleComponent, story.StoryComponent);
            conflicts += directory is null ? 0 : ConflictFile.Count(directory);
        }

        return (conflicts, catalog.Stories.Sum(static story => (long)story.Rebuilt.Count));
    }

    private static string NameOf(string component) =>
        ArchiveNames.TryDecode(component, out string name) ? name : component;

    private static IReadOnlyList<string> FilesOf(string path, List<ArchiveFinding> findings)
    {
        if (!Directory.Exists(path))
        {
            return PosixFile.TryStat(path) is not null
                ? [path]
                : throw new ChronoLogException(Status.NotExist, $"there is no file or directory '{path}'");
        }

        using ArchiveCatalog catalog = OpenExisting(path);
        var files = new List<string>();
        foreach (StoryListing story in catalog.Stories)
        {
            files.AddRange(story.Files.Where(static file => file.Aside is null).Select(static file => file.Path));
            findings.AddRange(story.Files.Where(static file => file.Aside is not null).Select(static file =>
                new ArchiveFinding(file.Path, Aside)));
            findings.AddRange(story.Foreign.Select(name => Foreign(catalog, story, name))
                .Select(foreign => new ArchiveFinding(foreign.Path, foreign.Damage!)));
        }

        return files;
    }

    private static (long Bytes, long Events, IEnumerable<string> Problems) VerifyFile(
        string path, bool inArchive)
    {
        try
        {
            using StoryFile file = StoryFile.Open(path);
            IReadOnlyList<string> problems = file.Verify();
            if (problems.Count == 0)
            {
                problems = StoryFileHdf5.Compare(file);
            }

            if (inArchive && ArchivePlace.Misplaced(path, file.Header) is { } misplaced)
            {
                problems = [.. problems, misplaced];
            }

            return (file.FileLength, problems.Count == 0 ? file.Header.EventCount : 0, problems);
        }
        catch (Exception exception) when (exception is ChronoLogException or IOException or DllNotFoundException)
        {
            return (PosixFile.TryStat(path)?.Length ?? 0, 0, [exception.Message]);
        }
    }
}

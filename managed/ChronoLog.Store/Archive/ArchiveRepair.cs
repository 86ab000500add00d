using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Store.Archive;

/// <summary>
/// What the owner of an archive does about damaged StoryFiles: sets them aside under a name that no foreign reader
/// takes for a part of the archive, and once all of their events are in other files again, retires them for good. Both
/// are a rename that is synced. Blocks; one thread at a time.
/// </summary>
public sealed class ArchiveRepair(ArchiveCatalog catalog, ILogger logger)
{
    /// <summary>
    /// Opens every file as far as its header and HDF5's structures, and sets aside those that are damaged there.
    /// </summary>
    /// <returns>Everything that was set aside, by this process or an earlier one, and is not rebuilt.</returns>
    public IReadOnlyList<DamagedStoryFile> Survey()
    {
        catalog.Refresh();
        var damaged = new List<DamagedStoryFile>();
        foreach (StoryListing listing in catalog.Stories)
        {
            foreach (CatalogFile file in listing.Files)
            {
                if (Known(listing, file) is { } known)
                {
                    damaged.Add(known);
                }
                else if (file.Aside is null && file.TryFacts() is null && Examine(file.Path) is { } found)
                {
                    damaged.Add(found);
                }
            }
        }

        return damaged;
    }

    /// <summary>
    /// Checks every byte of a file that somebody found damaged. Of the path its last three components count: the finder
    /// may have the archive mounted elsewhere.
    /// </summary>
    /// <returns>Null when it is sound, or is no StoryFile of this archive, or cannot be judged now.</returns>
    public DamagedStoryFile? Examine(string path)
    {
        string[] parts = path.Split('/');
        parts = parts[Math.Max(0, parts.Length - 3)..];
        if (parts.Length != 3 || parts[0].StartsWith('.') || parts[1].StartsWith('.')
            || !StoryFileName.TryParse(parts[2], out StoryFileName name)
            || !ArchiveNames.TryDecode(parts[0], parts[1], out StoryName story))
        {
            return null;
        }

        try
        {
            using PosixDirectory? directory = catalog.Root.TryOpen(parts[0], parts[1]);
            return directory is null || Defect(directory, name) is not { } defect
                ? null
                : SetAside(directory, story, name, defect);
        }
        catch (Exception exception) when (exception is IOException or ChronoLogException)
        {
            logger.LogWarning("StoryFile '{Path}' could not be examined: {Reason}", path, exception.Message);
            return null;
        }
    }

    /// <summary>Looks after a file that was set aside.</summary>
    /// <param name="damaged">The file.</param>
    /// <param name="mayBeRebuilt">Retires it if every one of its events is in sound files; reads it for that.</param>
    public RepairState Judge(DamagedStoryFile damaged, bool mayBeRebuilt)
    {
        try
        {
            using PosixDirectory? directory = catalog.Root.TryOpenStory(damaged.Story);
            if (directory?.TryStat(damaged.Name.ToString()) is null)
            {
                return RepairState.Gone;
            }

            if (!mayBeRebuilt || catalog.Find(damaged.Story) is not { } listing
                || !RebuiltProof.Holds(damaged, listing))
            {
                return RepairState.Damaged;
            }

            directory.Rename(damaged.Name.ToString(), damaged.Name.Rebuilt, overwrite: true);
            directory.Sync();
            return RepairState.Rebuilt;
        }
        catch (Exception exception) when (exception is IOException or ChronoLogException)
        {
            logger.LogWarning(
                "whether StoryFile '{Path}' is rebuilt could not be told: {Reason}", damaged.Path, exception.Message);
            return RepairState.Damaged;
        }
    }

    private static DamagedStoryFile? Known(StoryListing listing, CatalogFile file) =>
        file.Aside is { } aside
        && ArchiveNames.TryDecode(listing.ChronicleComponent, listing.StoryComponent, out StoryName story)
            ? new DamagedStoryFile(story, file.Path, aside)
            : null;

    // Only what a checksum says is damage: a newer format, a missing right, too many open files are not.
    private static string? Defect(PosixDirectory directory, StoryFileName name)
    {
        try
        {
            using StoryFile file = StoryFile.Open(directory, name.ToString());
            IReadOnlyList<string> findings = file.Verify();
            return findings.Count == 0 ? null : findings[0];
        }
        catch (ChronoLogException exception) when (exception.Status == Status.Corrupt)
        {
            return exception.Message;
        }
        catch (PosixException exception) when (exception.Errno == PosixError.InputOutput)
        {
            return exception.Message;
        }
        catch (PosixException exception) when (exception.Errno == PosixError.NotFound)
        {
            return null; // destroyed, or set aside meanwhile
        }
    }

    private DamagedStoryFile SetAside(
        PosixDirectory directory, in StoryName story, StoryFileName name, string defect)
    {
        uint youngerFrom = name.Generation + 1;
        foreach (string text in ArchiveRoot.Names(directory.Path, directories: false))
        {
            if (StoryFileName.TryParse(text, out StoryFileName other) && other.StartTime == name.StartTime
                && other.EndTime == name.EndTime)
            {
                youngerFrom = Math.Max(youngerFrom, other.Generation + 1);
            }
        }

        var aside = new SetAsideName(name, youngerFrom);
        directory.Rename(name.ToString(), aside.ToString(), overwrite: false);
        directory.Sync();
        string path = Path.Combine(directory.Path, aside.ToString());
        logger.LogError(
            "StoryFile '{Name}' of {Story} is damaged and set aside as '{Path}': {Defect}", name, story, path, defect);
        return new DamagedStoryFile(story, path, aside);
    }
}

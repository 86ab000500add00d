using System.Collections.Concurrent;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Interop.Posix;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Which StoryFiles there are, by story and range of ticks. Directories are read for their names only, and again when
/// their time of change says so; headers are read when somebody asks for what they hold. Thread-safe: a listing is a
/// snapshot.
/// </summary>
public sealed class ArchiveCatalog : IDisposable
{
    // File systems stamp changes with a clock of coarse grain (4 ms here, 1 to 2 s on some). A directory that changed
    // within this time before it was read may change again without showing it, so it is read again.
    private const long StampGrainNanoseconds = 2_000_000_000;

    private readonly ArchiveRoot root;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<(string Chronicle, string Story), StoryListing> listings = new();
    private readonly Lock update = new();

    /// <param name="root">Disposed with the catalog.</param>
    /// <param name="logger">Told of damaged and foreign files.</param>
    public ArchiveCatalog(ArchiveRoot root, ILogger? logger = null)
    {
        this.root = root;
        this.logger = logger ?? NullLogger.Instance;
    }

    public ArchiveRoot Root => root;

    /// <summary>Called, on any thread, with the path of a StoryFile that a reader found damaged, each time.</summary>
    public Action<string>? DamageFound { get; set; }

    /// <summary>Opens an archive and reads its directories.</summary>
    public static ArchiveCatalog Open(string path, ILogger? logger = null)
    {
        var catalog = new ArchiveCatalog(ArchiveRoot.Open(path), logger);
        catalog.Refresh();
        return catalog;
    }

    /// <summary>Every story known, sorted.</summary>
    public IReadOnlyList<StoryListing> Stories => [.. listings.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

    /// <summary>Brings the whole catalog up to date.</summary>
    public void Refresh()
    {
        var stories = root.ListStories().ToHashSet();
        foreach ((string, string) gone in listings.Keys.Where(key => !stories.Contains(key)))
        {
            listings.TryRemove(gone, out _);
        }

        foreach ((string chronicle, string story) in stories)
        {
            Refresh((chronicle, story));
        }
    }

    /// <summary>
    /// A story's files, after a look whether its directory changed; null when nothing of it is archived.
    /// </summary>
    public StoryListing? Find(in StoryName name) => Refresh(ArchiveNames.Encode(name));

    /// <summary>The same without looking at the disk.</summary>
    public StoryListing? FindKnown(in StoryName name) => listings.GetValueOrDefault(ArchiveNames.Encode(name));

    /// <summary>Takes up a file that a Grapher announced. A path outside of this archive is ignored.</summary>
    /// <returns>False when the path is no StoryFile of this archive.</returns>
    public bool Notice(string path)
    {
        string[] parts = Path.GetRelativePath(root.Path, Path.GetFullPath(path)).Split('/');
        if (parts.Length != 3 || parts[0].StartsWith('.') || !StoryFileName.TryParse(parts[2], out StoryFileName name))
        {
            logger.LogWarning("notice of '{Path}' ignored: it is no StoryFile of archive '{Archive}'", path, root.Path);
            return false;
        }

        lock (update)
        {
            StoryListing? listing = listings.GetValueOrDefault((parts[0], parts[1]));
            if (listing is not null && !listing.Files.Any(file => file.Name == name && file.Aside is null))
            {
                CatalogFile file = NewFile(listing.ChronicleComponent, listing.StoryComponent, name);
                listings[(parts[0], parts[1])] =
                    listing with { Files = [.. listing.Files.Append(file).OrderBy(f => f.Name)] };
                return true;
            }
        }

        return Refresh((parts[0], parts[1])) is not null;
    }

    /// <summary>
    /// The archived part of a read: sources that each give events in order, together everything archived in the range.
    /// </summary>
    /// <param name="name">Name of the story.</param>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <param name="readAhead">Read on a pool thread, one run ahead; false reads on the caller's.</param>
    /// <param name="withArrivals">Events that have arrival stamps come with them.</param>
    public IReadOnlyList<IReadSource> OpenSources(
        in StoryName name, ulong startTime, ulong endTime, bool readAhead = true, bool withArrivals = false)
    {
        if (Find(name) is not { } listing || startTime >= endTime)
        {
            return [];
        }

        return [.. StoryListing.Chains(listing.Overlapping(startTime, endTime))
            .Select(chain => new StoryFileReadSource(chain, startTime, endTime, readAhead, withArrivals))];
    }

    /// <summary>True when a readable file of the story holds the events of this partial chunk.</summary>
    public bool ContainsPartial(in StoryName name, PartialKey partial, ulong startTime, ulong endTime)
    {
        StoryListing? listing = Find(name);
        return listing is not null
            && listing.Sound(startTime, endTime)
                .Any(file => StoryFilePartials.Read(file)?.Contains(partial) == true);
    }

    /// <summary>Removes everything that is archived of a story.</summary>
    /// <returns>False when nothing was.</returns>
    public bool DestroyStory(in StoryName name)
    {
        bool existed = root.DestroyStory(name);
        listings.TryRemove(ArchiveNames.Encode(name), out _);
        return existed;
    }

    public void Dispose() => root.Dispose();

    private StoryListing? Refresh((string Chronicle, string Story) key)
    {
        lock (update)
        {
            using PosixDirectory? directory = TryOpen(key);
            if (directory is null)
            {
                listings.TryRemove(key, out _);
                return null;
            }

            StoryListing? known = listings.GetValueOrDefault(key);
            long modified = directory.Info.ModifiedNanoseconds;
            if (known is not null && !known.Fresh && known.ModifiedNanoseconds == modified)
            {
                return known;
            }

            long now = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
            StoryListing listing = Scan(key, known) with
            {
                ModifiedNanoseconds = modified,
                Fresh = Math.Abs(now - modified) < StampGrainNanoseconds,
            };
            listings[key] = listing;
            return listing;
        }
    }

    private PosixDirectory? TryOpen((string Chronicle, string Story) key)
    {
        try
        {
            return root.TryOpen(key.Chronicle, key.Story);
        }
        catch (PosixException exception) when (exception.Errno is PosixError.NotDirectory or PosixError.TooManyLinks)
        {
            logger.LogWarning("'{Path}' ignored: {Message}", exception.Path, exception.Message);
            return null;
        }
    }

    private StoryListing Scan((string Chronicle, string Story) key, StoryListing? known)
    {
        // What was damaged is looked at anew: it may have been restored from a copy.
        var before = known?.Files.Where(file => file.Damage is null).ToDictionary(file => file.FileName) ?? [];
        var files = new List<CatalogFile>();
        var foreign = new List<string>();
        var rebuilt = new List<string>();
        string path = Path.Combine(root.Path, key.Chronicle, key.Story);
        foreach (string text in ArchiveRoot.Names(path, directories: false).Concat(ArchiveRoot.Names(path, true)))
        {
            if (StoryFileName.TryParse(text, out StoryFileName name))
            {
                files.Add(before.GetValueOrDefault(text) ?? NewFile(key.Chronicle, key.Story, name));
            }
            else if (SetAsideName.TryParse(text, out SetAsideName aside))
            {
                files.Add(before.GetValueOrDefault(text) ?? new CatalogFile(path, aside, Report));
            }
            else if (SetAsideName.IsRebuilt(text))
            {
                rebuilt.Add(text);
            }
            else if (!text.StartsWith('.'))
            {
                foreign.Add(text);
                if (known is null || !known.Foreign.Contains(text))
                {
                    logger.LogWarning("'{Path}/{Name}' is no StoryFile and is passed over", path, text);
                }
            }
        }

        files.Sort(static (left, right) => left.Name.CompareTo(right.Name));
        return new StoryListing(key.Chronicle, key.Story, files, foreign) { Rebuilt = rebuilt };
    }

    private CatalogFile NewFile(string chronicle, string story, StoryFileName name) =>
        new(Path.Combine(root.Path, chronicle, story), name, Report);

    private void Report(CatalogFile file, string reason)
    {
        logger.LogError("StoryFile damaged, what it cannot give is a gap: {Reason}", reason);
        DamageFound?.Invoke(file.Path);
    }
}

using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// <c>{"type":"hdf5_extractor","hdf5_archive_dir":"/archive"}</c>: each chunk becomes a synced StoryFile. A chunk that
/// was written before (same range, same partials) is found again instead, and events that some StoryFile has are left
/// out: a chunk of them alone is taken and becomes no file. Blocks while it writes; thread-safe.
/// </summary>
public sealed class Hdf5Extractor : IChunkExtractor, IDisposable
{
    public const string Type = "hdf5_extractor";
    public const string DirectoryField = "hdf5_archive_dir";

    // Two chunks of one story are not written at once: each must see what the other has. Some stories wait for others.
    private const int StripesMax = 64;

    private readonly ArchiveRoot root;
    private readonly ArchiveCatalog catalog;
    private readonly StoryFileWriter writer = new();
    private readonly Lock[] stripes = [.. Enumerable.Range(0, StripesMax).Select(_ => new Lock())];
    private long conflicts;
    private long conflictsNotKept;

    /// <summary>Creates the archive's directory if needed and removes what dead writers left there.</summary>
    public Hdf5Extractor(string name, string archiveDirectory)
    {
        Name = name;
        root = ArchiveRoot.Open(archiveDirectory);
        root.CleanLeftovers();
        catalog = new ArchiveCatalog(root);
    }

    public string Name { get; }

    public string ArchiveDirectory => root.Path;

    /// <summary>
    /// Events that another event's EventSequence and other bytes kept out of the StoryFiles, and that are kept apart.
    /// </summary>
    public long Conflicts => Interlocked.Read(ref conflicts);

    /// <summary>Those of them that found no room there.</summary>
    public long ConflictsNotKept => Interlocked.Read(ref conflictsNotKept);

    /// <summary>For the registry of a process.</summary>
    public static void Register(ExtractorRegistry registry) => registry.AddWithDirectory(
        Type, DirectoryField, (name, directory) => new Hdf5Extractor(name, directory));

    public ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        try
        {
            StoryFileContent content = StoryFileContent.From(chunk);
            using PosixDirectory directory = root.CreateStory(content.Name);
            lock (stripes[content.StoryId % StripesMax])
            {
                StoryFileName? name = Write(directory, content, cancellation);
                return ValueTask.FromResult(name is null
                    ? ExtractionReceipt.Taken
                    : new ExtractionReceipt(Path.Combine(directory.Path, name.Value.ToString())));
            }
        }
        catch (IOException exception)
        {
            throw ArchiveFailure.Wrap(Name, root.Path, chunk, exception);
        }
    }

    public void Dispose() => catalog.Dispose();

    private void KeepApart(PosixDirectory directory, ConflictingEvents apart)
    {
        if (apart.Lines.Count > 0)
        {
            (long added, long beyond) = ConflictFile.Append(directory, apart.Lines);
            Interlocked.Add(ref conflicts, added);
            Interlocked.Add(ref conflictsNotKept, beyond);
        }

        Interlocked.Add(ref conflictsNotKept, apart.Uncollected);
    }

    private StoryFileName? Write(PosixDirectory directory, StoryFileContent content, CancellationToken cancellation)
    {
        if (ArchivedChunk.Find(directory, content) is { } archived)
        {
            // The attempt before may have failed just at this point.
            directory.Sync();
            return archived;
        }

        StoryListing? listing = catalog.Find(content.Name);
        var apart = new ConflictingEvents();
        content = content with
        {
            Archived = listing?.Sound(content.StartTime, content.EndTime) ?? [],
            GenerationFrom = listing?.GenerationFrom(content.StartTime, content.EndTime) ?? 0,
            Conflicts = apart,
            BeforePublish = () => KeepApart(directory, apart),
        };
        if (content.Archived.Count > 0 && !StoryFileWriter.HasNewEvents(content))
        {
            KeepApart(directory, apart);
            directory.Sync();
            return null;
        }

        return writer.Write(directory, content, cancellation);
    }
}

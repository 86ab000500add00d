using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// <c>{"type":"csv_extractor","csv_archive_dir":"/csv"}</c>: each chunk becomes a synced CSV file, named like a
/// StoryFile. Columns: eventTime, clientId, eventIndex, encoding (<c>utf8</c> or <c>base64</c>), record. Blocks while
/// it writes; thread-safe.
/// </summary>
public sealed class CsvExtractor : IChunkExtractor, IDisposable
{
    public const string Type = "csv_extractor";
    public const string DirectoryField = "csv_archive_dir";
    public const string Extension = ".csv";

    private const int BatchEvents = 2048;

    private readonly ArchiveRoot root;

    /// <summary>Creates the directory if needed and removes what dead writers left there.</summary>
    public CsvExtractor(string name, string archiveDirectory)
    {
        Name = name;
        root = ArchiveRoot.Open(archiveDirectory);
        root.CleanLeftovers();
    }

    public string Name { get; }

    /// <summary>For the registry of a process.</summary>
    public static void Register(ExtractorRegistry registry) => registry.AddWithDirectory(
        Type, DirectoryField, (name, directory) => new CsvExtractor(name, directory));

    public ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        try
        {
            using PosixDirectory directory = root.CreateStory(chunk.Story.Name);
            using TemporaryFile temporary = TemporaryFile.Create(directory);
            uint crc = Write(temporary.File, chunk.Chunk, cancellation);
            Publish(directory, temporary, chunk.Chunk, crc);
            return ValueTask.FromResult(ExtractionReceipt.Taken);
        }
        catch (IOException exception)
        {
            throw ArchiveFailure.Wrap(Name, root.Path, chunk, exception);
        }
    }

    public void Dispose() => root.Dispose();

    private static uint Write(PosixFile file, StoryChunk chunk, CancellationToken cancellation)
    {
        var writer = new CsvWriter(file);
        var batch = new EventEntry[BatchEvents];
        using MergeCursor merge = chunk.OpenMerge();
        for (int read; (read = merge.Read(batch)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (ref readonly EventEntry entry in batch.AsSpan(0, read))
            {
                writer.Append(entry);
            }
        }

        return writer.Finish();
    }

    // A retry finds the same bytes under the range's name and leaves it at that.
    private static void Publish(PosixDirectory directory, TemporaryFile temporary, StoryChunk chunk, uint crc)
    {
        for (uint generation = 0; ; generation++)
        {
            string name = new StoryFileName(chunk.StartTime, chunk.EndTime, generation).ToString(Extension);
            if (directory.TryStat(name) is { } existing)
            {
                if (existing.Length == temporary.File.Length && Checksum(directory, name) == crc)
                {
                    directory.Sync();
                    return;
                }
            }
            else if (temporary.TryPublish(name))
            {
                return;
            }
        }
    }

    private static uint Checksum(PosixDirectory directory, string name)
    {
        using PosixFile file = directory.OpenFile(name, PosixOpen.Read | PosixOpen.NonBlocking);
        return StoryFileChecks.Compute(file, new ColumnExtent(0, file.Length, 0));
    }
}

using ChronoLog.App.Commands;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;

namespace ChronoLog.App.Import;

/// <summary>
/// One file: read and sorted as a whole first, so that an error in a line imports nothing; then handed to the archive in the
/// order of time.
/// </summary>
internal sealed class ImportRun(ImportOptions options, ImportStory story, ArchiveFeed feed, ulong now)
{
    // A clock that is a little ahead of the Visor's is no error.
    private const ulong AheadMax = 60_000_000_000;

    /// <exception cref="ChronoLogException">InvalidArgument: a line that is no event, with its number.</exception>
    public async Task<ImportedFile> RunAsync(string path, CancellationToken stop)
    {
        using FileStream? file = path == "-" ? null : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (file is { CanSeek: false } && options.Source is null)
        {
            throw new SettingException(
                $"'{path}' is a pipe, whose name says nothing of what comes through it: give that a name with --source, the "
                + "same for the same input");
        }

        var source = ImportSource.Of(path, options.Source);
        using var sorter = new ImportSorter(options.TemporaryDirectory, options.SortBytes);
        using Stream input = file ?? Console.OpenStandardInput();
        TimeFinder finder = options.Finder(file is null ? now : WrittenAt(path));
        var events = new EventAssembler(path, finder, source, sorter, now + AheadMax, options.SkipsErrors);
        if (!await ReadAsync(path, input, events, stop))
        {
            throw new OperationCanceledException("stopped while reading", stop);
        }

        events.Finish();
        await FeedAsync(sorter, stop);
        return new ImportedFile(path, source, events.Lines, events.Events, events.Skipped, events.First, events.Last);
    }

    private static async Task<bool> ReadAsync(string path, Stream input, EventAssembler events, CancellationToken stop)
    {
        try
        {
            return await new LineInput(input, (byte)'\n').ReadAsync(events.Take, new Pace(0), stop);
        }
        catch (IOException exception)
        {
            throw new IOException($"{path}: after {events.Lines} lines: {exception.Message}; nothing was imported", exception);
        }
    }

    private async Task FeedAsync(ImportSorter sorter, CancellationToken stop)
    {
        using ISortedEvents sorted = sorter.Finish();
        var collected = new ImportChunk(story.Descriptor.StoryId, options.ChunkBytes);
        while (sorted.MoveNext())
        {
            while (!collected.TryAdd(sorted.Key, sorted.Record))
            {
                await feed.AddAsync(collected.Take()!, stop);
            }
        }

        if (collected.Take() is { } rest)
        {
            await feed.AddAsync(rest, stop);
        }
    }

    private static ulong WrittenAt(string path) =>
        (ulong)Math.Max(0, (File.GetLastWriteTimeUtc(path) - DateTime.UnixEpoch).Ticks) * TimeSpan.NanosecondsPerTick;
}

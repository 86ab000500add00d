using System.Globalization;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>
/// The archiving extractor on an <see cref="ArchiveDisk"/>: temporary file, sync, rename, sync of the directory, each
/// of
/// which takes time and may fail or be the last thing that the process did.
/// </summary>
public sealed class SimExtractor(
    SimProcess grapher, ArchiveDisk disk, Func<DiskConditions> conditions, PlantedBugs bugs) : IChunkExtractor
{
    private readonly ArchiveSteps steps = new(grapher, conditions);
    private readonly Dictionary<string, SemaphoreSlim> stripes = [];
    private int number;

    public string Name => "archive";

    // One chunk of a story at a time, as the real extractor's locks have it.
    public async ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        if (!stripes.TryGetValue(chunk.Story.Story, out SemaphoreSlim? stripe))
        {
            stripe = stripes[chunk.Story.Story] = new SemaphoreSlim(1, 1);
        }

        await stripe.WaitAsync(CancellationToken.None);
        try
        {
            return await ArchiveAsync(chunk, cancellation);
        }
        finally
        {
            stripe.Release();
        }
    }

    private async ValueTask<ExtractionReceipt> ArchiveAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        List<string> partials = [.. chunk.MergedFrom.Select(Text).Order(StringComparer.Ordinal)];
        if (Find(chunk, partials) is not { } file)
        {
            file = new SimStoryFile(chunk, NewName(chunk), partials)
            {
                SaysLate = !bugs.Has(PlantedBug.LateUnflagged),
            };
            Dictionary<EventSequence, ulong> archived = Archived(chunk);
            if (file.Write(archived, whole: false) == 0)
            {
                await SyncDirectoryAsync(chunk, cancellation);
                return ExtractionReceipt.Taken;
            }

            await WriteAsync(file, archived, cancellation);
        }

        await SyncDirectoryAsync(chunk, cancellation);
        return new ExtractionReceipt(file.Name);
    }

    // What the archive has already, under other names and in other company, is not written again.
    private Dictionary<EventSequence, ulong> Archived(RetiredChunk chunk)
    {
        var archived = new Dictionary<EventSequence, ulong>();
        foreach (SimStoryFile file in disk.Visible(chunk.Story))
        {
            if (file.IsReadable && file.StartTime < chunk.Chunk.EndTime && file.EndTime > chunk.Chunk.StartTime)
            {
                foreach ((EventSequence sequence, ulong arrival) in file.Arrivals)
                {
                    archived[sequence] = Math.Min(arrival, archived.GetValueOrDefault(sequence, ulong.MaxValue));
                }
            }
        }

        return archived;
    }

    private async ValueTask SyncDirectoryAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        if (!bugs.Has(PlantedBug.ArchiveBeforeDirectorySync))
        {
            await steps.RunAsync("sync directory", chunk.Story.Story, () => disk.SyncDirectory(chunk.Story), cancellation);
        }
    }

    private static string Text(PartialIdentity partial) => string.Create(
        CultureInfo.InvariantCulture, $"{partial.ProcessId}.{partial.Epoch}.{partial.Sequence}");

    private async ValueTask WriteAsync(
        SimStoryFile file, Dictionary<EventSequence, ulong> archived, CancellationToken cancellation)
    {
        StoryFileState begun =
            bugs.Has(PlantedBug.ArchiveWithoutRename) ? StoryFileState.Renamed : StoryFileState.Temporary;
        await steps.RunAsync("create", file.Name, () =>
        {
            file.State = begun;
            disk.Add(file);
        }, cancellation);
        try
        {
            await steps.RunAsync("write", file.Name, () => file.Write(archived, whole: false), cancellation);
            await steps.RunAsync("sync", file.Name, () => file.Write(archived, whole: true), cancellation);
            await steps.RunAsync("rename", file.Name, () => file.State = StoryFileState.Renamed, cancellation);
        }
        catch (Exception) when (grapher.Effect("remove"))
        {
            disk.Remove(file); // the writer cleans up behind itself when it fails
            throw;
        }
    }

    // A chunk that was written before is found again, as the real extractor does.
    private SimStoryFile? Find(RetiredChunk chunk, List<string> partials) => disk.Visible(chunk.Story).FirstOrDefault(
        file => file.StartTime == chunk.Chunk.StartTime && file.EndTime == chunk.Chunk.EndTime && file.IsReadable
            && file.Partials.SequenceEqual(partials));

    private string NewName(RetiredChunk chunk) => string.Create(
        CultureInfo.InvariantCulture,
        $"{chunk.Story.Chronicle}/{chunk.Story.Story}/{chunk.Chunk.StartTime}-{grapher.Incarnation}-{number++}");
}

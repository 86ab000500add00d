using System.Globalization;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>
/// The archiving extractor on an <see cref="ArchiveDisk"/>: temporary file, sync, rename, sync of the directory, each of
/// which takes time and may fail or be the last thing that the process did.
/// </summary>
public sealed class SimExtractor(
    SimProcess grapher, ArchiveDisk disk, Func<DiskConditions> conditions, PlantedBugs bugs) : IChunkExtractor
{
    private int number;

    public string Name => "archive";

    public async ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        List<string> partials = [.. chunk.MergedFrom.Select(Text).Order(StringComparer.Ordinal)];
        if (Find(chunk, partials) is not { } file)
        {
            file = new SimStoryFile(chunk, NewName(chunk), partials);
            await WriteAsync(file, cancellation);
        }

        if (!bugs.Has(PlantedBug.ArchiveBeforeDirectorySync))
        {
            await StepAsync("sync directory", file, () => file.State = StoryFileState.Synced, cancellation);
        }

        return new ExtractionReceipt(file.Name);
    }

    private static string Text(PartialIdentity partial) => string.Create(
        CultureInfo.InvariantCulture, $"{partial.ProcessId}.{partial.Epoch}.{partial.Sequence}");

    private async ValueTask WriteAsync(SimStoryFile file, CancellationToken cancellation)
    {
        StoryFileState begun =
            bugs.Has(PlantedBug.ArchiveWithoutRename) ? StoryFileState.Renamed : StoryFileState.Temporary;
        await StepAsync("create", file, () =>
        {
            file.State = begun;
            disk.Add(file);
        }, cancellation);
        try
        {
            await StepAsync("write", file, () => file.Write(whole: false), cancellation);
            await StepAsync("sync", file, () => file.Write(whole: true), cancellation);
            await StepAsync("rename", file, () => file.State = StoryFileState.Renamed, cancellation);
        }
        catch (Exception) when (grapher.Effect("remove"))
        {
            disk.Remove(file); // the writer cleans up behind itself when it fails
            throw;
        }
    }

    private async ValueTask StepAsync(string step, SimStoryFile file, Action effect, CancellationToken cancellation)
    {
        SimRandom random = grapher.World.Random;
        await grapher.Delay(TimeSpan.FromMicroseconds(random.Between(20, 2000)), cancellation);
        if (random.Chance(conditions().FailedArchiving))
        {
            grapher.World.Note("failed archiving", file.Name, StableHash.Of(step));
            throw new ChronoLogException(Status.NoSpace, $"simulated: {step} of {file.Name} failed: no space");
        }

        if (grapher.Effect(step))
        {
            grapher.World.Note(step, file.Name);
            effect();
        }
    }

    // A chunk that was written before is found again, as the real extractor does.
    private SimStoryFile? Find(RetiredChunk chunk, List<string> partials) => disk.Visible(chunk.Story).FirstOrDefault(
        file => file.StartTime == chunk.Chunk.StartTime && file.EndTime == chunk.Chunk.EndTime && !file.IsDamaged
            && file.Partials.SequenceEqual(partials));

    private string NewName(RetiredChunk chunk) => string.Create(
        CultureInfo.InvariantCulture,
        $"{chunk.Story.Chronicle}/{chunk.Story.Story}/{chunk.Chunk.StartTime}-{grapher.Incarnation}-{number++}");
}

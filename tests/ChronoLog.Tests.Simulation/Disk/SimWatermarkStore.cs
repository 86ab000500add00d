using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Watermarks;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>
/// The watermarks on an <see cref="ArchiveDisk"/>, step by step as the files of the real archive are written. What is
/// recorded is held against the archive at once.
/// </summary>
/// <param name="grapher">Whose store it is.</param>
/// <param name="disk">The group's archive.</param>
/// <param name="conditions">Of the disk now.</param>
/// <param name="checker">Null where another group may hold events of the same story, which this one does not speak of.</param>
internal sealed class SimWatermarkStore(
    SimProcess grapher, ArchiveDisk disk, Func<DiskConditions> conditions, ReplayChecker? checker) : IWatermarkStore
{
    private readonly ArchiveSteps steps = new(grapher, conditions);

    public ulong? Read(StoryDescriptor story) => disk.Watermark(story).Visible;

    public async ValueTask<bool> WriteAsync(StoryDescriptor story, ulong through)
    {
        if (!disk.Visible(story).Any())
        {
            return false; // the story has no directory
        }

        string name = $"{story.Story}/archived-through";
        SimWatermark file = disk.Watermark(story);
        checker?.CheckArchivedThrough(story, through, disk);
        await steps.RunAsync("create", name, static () => { });
        await steps.RunAsync("sync", name, static () => { });
        await steps.RunAsync("rename", name, () => file.Rename(through));
        await steps.RunAsync("sync directory", name, file.SyncDirectory);
        return true;
    }
}

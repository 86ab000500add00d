using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Repair;

/// <summary>A damaged StoryFile's range on its way to being rebuilt.</summary>
internal sealed class DamagedRange(DamagedStoryFile file)
{
    public DamagedStoryFile File => file;

    public ulong StoryId { get; } = file.Story.StoryId;

    /// <summary>Keepers that have announced again whatever their journals have of it.</summary>
    public HashSet<(ulong ProcessId, ulong Epoch)> Asked { get; } = [];

    /// <summary>Something of the range was archived since the last attempt to retire the file.</summary>
    public bool IsToBeJudged { get; set; } = true;
}

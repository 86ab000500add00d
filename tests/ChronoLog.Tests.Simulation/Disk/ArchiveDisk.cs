using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>The archive of a recording group: a directory that Grapher and Player share.</summary>
public sealed class ArchiveDisk
{
    private readonly List<SimStoryFile> files = [];
    private readonly SortedDictionary<string, SimWatermark> watermarks = new(StringComparer.Ordinal);

    public IReadOnlyList<SimStoryFile> Files => files;

    /// <summary>Every story's that has one.</summary>
    public IReadOnlyCollection<SimWatermark> Watermarks => watermarks.Values;

    /// <summary>A story's file of its watermark.</summary>
    public SimWatermark Watermark(StoryDescriptor story)
    {
        string name = story.Name.ToString();
        if (!watermarks.TryGetValue(name, out SimWatermark? file))
        {
            file = watermarks[name] = new SimWatermark();
        }

        return file;
    }

    public void Add(SimStoryFile file) => files.Add(file);

    /// <summary>Names of a story's files reach the device.</summary>
    public void SyncDirectory(StoryDescriptor story)
    {
        foreach (SimStoryFile file in Visible(story))
        {
            file.State = StoryFileState.Synced;
        }

        Watermark(story).SyncDirectory();
    }

    public void Remove(SimStoryFile file) => files.Remove(file);

    /// <summary>Its files go, and the directory is synced.</summary>
    public void Destroy(StoryDescriptor story)
    {
        files.RemoveAll(file => file.State != StoryFileState.Temporary && file.Story == story.Name);
        watermarks.Remove(story.Name.ToString());
    }

    /// <summary>What a reader finds of a story.</summary>
    public IEnumerable<SimStoryFile> Visible(StoryDescriptor story) =>
        files.Where(file => file.State != StoryFileState.Temporary && file.Story == story.Name);

    /// <summary>Whether a gap says no more than that a damaged StoryFile cannot be read.</summary>
    public bool IsDamageOf(Gap gap) =>
        files.Exists(file => file.IsDamaged && file.StartTime <= gap.StartTime && file.EndTime >= gap.EndTime);

    /// <summary>A Grapher that starts removes what its former self did not finish.</summary>
    public int CleanLeftovers() => files.RemoveAll(static file => file.State == StoryFileState.Temporary);

    /// <summary>Power is gone: a name whose directory was not synced is there or not.</summary>
    public void LosePower(Func<bool> survive)
    {
        files.RemoveAll(file =>
            file.State == StoryFileState.Temporary || (file.State == StoryFileState.Renamed && !survive()));
        foreach (SimWatermark watermark in watermarks.Values)
        {
            watermark.LosePower(survive);
        }
    }
}

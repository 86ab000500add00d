using ChronoLog.Core.Model;

namespace ChronoLog.Store.Archive;

/// <summary>A StoryFile that was set aside because a checksum of it is wrong, and is not rebuilt.</summary>
/// <param name="Story">Name of the story.</param>
/// <param name="Path">Its path now.</param>
/// <param name="Name">Its name now, which has its range.</param>
public sealed record DamagedStoryFile(StoryName Story, string Path, SetAsideName Name)
{
    /// <summary>ChronoTick, inclusive.</summary>
    public ulong StartTime => Name.Name.StartTime;

    /// <summary>ChronoTick, exclusive.</summary>
    public ulong EndTime => Name.Name.EndTime;
}

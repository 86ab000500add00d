using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Player;

/// <summary>The archive as the Player sees it. Thread-safe.</summary>
public interface IColdTier
{
    /// <summary>Called, on any thread, with the path of a StoryFile that a read found damaged.</summary>
    Action<string>? DamageFound { set; }

    /// <summary>
    /// Sources over every StoryFile that touches [startTime, endTime), after a look whether the story's directory
    /// changed. Files that cannot be read become gaps of their source.
    /// </summary>
    /// <param name="story">By its names.</param>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <param name="withArrivals">Events that have arrival stamps come with them.</param>
    IReadOnlyList<IReadSource> OpenSources(
        StoryDescriptor story, ulong startTime, ulong endTime, bool withArrivals = false);

    /// <summary>Events before a tick. May read the headers of files not seen before.</summary>
    PrecedingEvents CountBefore(StoryDescriptor story, ulong tick);

    /// <summary>Events and bytes archived of the story. May read the headers of files not seen before.</summary>
    ColdTally Tally(StoryDescriptor story);

    /// <summary>A StoryFile appeared.</summary>
    void Appeared(string path);

    /// <summary>A story's files went away.</summary>
    void Destroyed(StoryDescriptor story);

    /// <summary>Looks through the whole archive for what no notice told.</summary>
    void Refresh();
}

/// <param name="Events">Those in two generations of a range count twice.</param>
/// <param name="RecordBytes">Without the index columns.</param>
/// <param name="Files">StoryFiles, damaged ones included.</param>
/// <param name="DamagedFiles">Of those, the ones set aside.</param>
/// <param name="LateEvents">Events that came late.</param>
public readonly record struct ColdTally(
    long Events, long RecordBytes, int Files, int DamagedFiles, long LateEvents = 0);

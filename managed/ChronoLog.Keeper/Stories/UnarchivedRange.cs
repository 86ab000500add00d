namespace ChronoLog.Keeper.Stories;

/// <summary>
/// Events of a story that lie in journal segments of an earlier run, and of which nobody knows whether they are archived:
/// replays of the range are not complete for certain.
/// </summary>
/// <param name="StoryId">Their story.</param>
/// <param name="StartTime">ChronoTick of the first.</param>
/// <param name="EndTime">ChronoTick behind the last.</param>
/// <param name="Events">How many.</param>
/// <param name="Directory">Where the segments are.</param>
public sealed record UnarchivedRange(ulong StoryId, ulong StartTime, ulong EndTime, long Events, string Directory);

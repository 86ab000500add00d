namespace ChronoLog.Store.Journal;

/// <summary>What segments of an earlier run hold of one story.</summary>
/// <param name="StoryId">The story.</param>
/// <param name="FirstTime">ChronoTick of its first event.</param>
/// <param name="LastTime">ChronoTick of its last event.</param>
/// <param name="Events">How many frames; one of a rewritten batch counts twice.</param>
public readonly record struct LeftoverRange(ulong StoryId, ulong FirstTime, ulong LastTime, long Events);

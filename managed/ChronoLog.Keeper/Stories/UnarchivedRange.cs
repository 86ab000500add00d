namespace ChronoLog.Keeper.Stories;

/// <summary>
/// A range in which events may be missing whose story nothing tells: every replay of it states the gap.
/// </summary>
/// <param name="StartTime">ChronoTick of the first that may be missing.</param>
/// <param name="EndTime">ChronoTick behind the last.</param>
/// <param name="Reason">For people.</param>
public sealed record UnarchivedRange(ulong StartTime, ulong EndTime, string Reason);

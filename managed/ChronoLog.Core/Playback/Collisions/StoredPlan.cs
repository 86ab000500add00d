using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>
/// Plans a read of a story's events as they are stored, with a count of what may lie before the range. Callable from any
/// strand; what it gives is the caller's to dispose.
/// </summary>
/// <param name="startTime">ChronoTick, inclusive.</param>
/// <param name="endTime">ChronoTick, exclusive.</param>
/// <param name="cancellation">Of the planning.</param>
/// <exception cref="ChronoLogException">It cannot be planned.</exception>
public delegate ValueTask<ReadPlan> StoredPlan(ulong startTime, ulong endTime, CancellationToken cancellation);

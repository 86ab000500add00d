namespace ChronoLog.Keeper.Ingestion;

/// <summary>What a walk over a batch found.</summary>
/// <param name="Events">Indexed.</param>
/// <param name="FarFuture">Not indexed: their tick lies too far ahead.</param>
/// <param name="TooOld">Not indexed: their tick lies too far back.</param>
/// <param name="HasPriority">Some are of priority stories.</param>
/// <param name="Oldest">
/// The least tick of those with which stories of the batch begin, of events that were recorded at their ticks; 2^64 - 1 without
/// any.
/// </param>
public readonly record struct BatchTally(int Events, int FarFuture, int TooOld, bool HasPriority, ulong Oldest);

namespace ChronoLog.Keeper.Ingestion;

/// <summary>What a walk over a batch found.</summary>
/// <param name="Events">Indexed.</param>
/// <param name="FarFuture">Not indexed: their tick lies too far ahead.</param>
/// <param name="TooOld">Not indexed: their tick lies too far back.</param>
/// <param name="HasPriority">Some are of priority stories.</param>
public readonly record struct BatchTally(int Events, int FarFuture, int TooOld, bool HasPriority);

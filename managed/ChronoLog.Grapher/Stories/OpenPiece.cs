namespace ChronoLog.Grapher.Stories;

/// <summary>Events of one partial in one open chunk.</summary>
internal readonly record struct OpenPiece(HeldPartial Partial, int Count);

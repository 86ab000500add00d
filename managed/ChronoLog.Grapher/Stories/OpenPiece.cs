namespace ChronoLog.Grapher.Stories;

/// <summary>Events of one partial in one chunk.</summary>
/// <param name="Partial">Whose they are.</param>
/// <param name="Count">How many.</param>
/// <param name="Late">How many of them came late.</param>
internal readonly record struct OpenPiece(HeldPartial Partial, int Count, int Late);

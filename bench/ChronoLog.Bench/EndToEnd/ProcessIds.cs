namespace ChronoLog.Bench.EndToEnd;

/// <summary>The server processes whose processor time is read.</summary>
internal readonly record struct ProcessIds(int Keeper, int Grapher, int Player);

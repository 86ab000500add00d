namespace ChronoLog.Bench.EndToEnd;

/// <summary>Garbage collections of any generation, as each process counts them.</summary>
internal readonly record struct CollectionCounts(long Client, long Keeper, long Grapher, long Player)
{
    public static CollectionCounts operator -(CollectionCounts after, CollectionCounts before) => new(
        after.Client - before.Client,
        after.Keeper - before.Keeper,
        after.Grapher - before.Grapher,
        after.Player - before.Player);

    public override string ToString() => $"{Client}/{Keeper}/{Grapher}/{Player}";
}

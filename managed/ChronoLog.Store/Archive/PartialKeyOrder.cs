namespace ChronoLog.Store.Archive;

/// <summary>A fixed order, so that the same set of partials is written and compared alike.</summary>
internal sealed class PartialKeyOrder : IComparer<PartialKey>
{
    public static readonly PartialKeyOrder Instance = new();

    public int Compare(PartialKey x, PartialKey y) =>
        (x.ProcessId, x.Epoch, x.Sequence).CompareTo((y.ProcessId, y.Epoch, y.Sequence));
}

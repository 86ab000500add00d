namespace ChronoLog.Store.Archive;

/// <summary><c>archive show</c>: everything that a file says of itself.</summary>
/// <param name="Path">Of the file.</param>
/// <param name="FileBytes">Its length.</param>
/// <param name="Header">User block.</param>
/// <param name="Columns">Where each column lies.</param>
/// <param name="Partials">Partial chunks merged.</param>
public sealed record ArchiveFileDetail(
    string Path,
    long FileBytes,
    StoryFileHeader Header,
    IReadOnlyList<(StoryColumn Column, ColumnExtent Extent)> Columns,
    IReadOnlyList<PartialKey> Partials)
{
    /// <summary>Process ids of the Keepers whose chunks were merged.</summary>
    public IReadOnlyList<ulong> Keepers => [.. Partials.Select(partial => partial.ProcessId).Distinct().Order()];
}

namespace ChronoLog.Store.Archive;

/// <summary>One line of <c>archive list</c>.</summary>
/// <param name="Path">Of the file.</param>
/// <param name="Chronicle">As the file says; where it cannot be read, its directory's name.</param>
/// <param name="Story">The same.</param>
/// <param name="StartTime">ChronoTick, from the name.</param>
/// <param name="EndTime">ChronoTick, from the name.</param>
/// <param name="Generation">From the name.</param>
/// <param name="FileBytes">Length of the file.</param>
/// <param name="Header">Null when the file is damaged or foreign.</param>
/// <param name="Damage">What is wrong; null when the header is sound.</param>
public sealed record ArchiveFileSummary(
    string Path,
    string Chronicle,
    string Story,
    ulong StartTime,
    ulong EndTime,
    uint Generation,
    long FileBytes,
    StoryFileHeader? Header,
    string? Damage);

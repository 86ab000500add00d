namespace ChronoLog.Store.Archive;

/// <summary><c>archive verify</c>: what is wrong with one file.</summary>
/// <param name="Path">Of the file.</param>
/// <param name="Problem">Cause, and what to do.</param>
public sealed record ArchiveFinding(string Path, string Problem);

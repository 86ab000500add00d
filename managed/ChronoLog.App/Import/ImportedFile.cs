namespace ChronoLog.App.Import;

/// <summary>What was read of one file.</summary>
/// <param name="Path">As given.</param>
/// <param name="Source">Whose identities its events have.</param>
/// <param name="Lines">Read.</param>
/// <param name="Events">Made of them.</param>
/// <param name="Skipped">Lines that were left out for an error.</param>
/// <param name="First">ChronoTick of the first event; meaningless without events.</param>
/// <param name="Last">Of the last.</param>
internal sealed record ImportedFile(
    string Path, ImportSource Source, ulong Lines, long Events, long Skipped, ulong First, ulong Last);

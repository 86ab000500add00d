namespace ChronoLog.Store.Archive;

/// <summary>Whether a file lies where its header says that it belongs.</summary>
internal static class ArchivePlace
{
    /// <summary>Null when it does; else what is wrong. A file that was moved or renamed by hand is not used.</summary>
    public static string? Misplaced(string path, StoryFileHeader header)
    {
        var name = new StoryFileName(header.StartTime, header.EndTime, header.Generation);
        string place = Path.Combine(
            ArchiveNames.Encode(header.Chronicle), ArchiveNames.Encode(header.Story), name.ToString());
        return path.EndsWith("/" + place, StringComparison.Ordinal)
            ? null
            : $"StoryFile '{path}' is out of its place: it says it is '{place}'; move it there";
    }
}

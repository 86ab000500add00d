using ChronoLog.Core.Model;

namespace ChronoLog.Store.Archive;

/// <summary>Whether a file lies where its header says that it belongs.</summary>
internal static class ArchivePlace
{
    /// <summary>Null when it does; else what is wrong. A file that was moved or renamed by hand is not used.</summary>
    public static string? Misplaced(string path, StoryFileHeader header)
    {
        var file = new StoryFileName(header.StartTime, header.EndTime, header.Generation);
        string directory = Path.GetFileName(Path.GetDirectoryName(path)) ?? "";
        var name = new StoryName(header.Chronicle, header.Story, ArchiveNames.IncarnationOf(directory, out _));
        (string chronicle, string story) = ArchiveNames.Encode(name);
        string place = Path.Combine(chronicle, story, file.ToString());
        if (!path.EndsWith("/" + place, StringComparison.Ordinal))
        {
            return $"StoryFile '{path}' is out of its place: it says it is '{place}'; move it there";
        }

        return name.StoryId == header.StoryId
            ? null
            : $"StoryFile '{path}' is out of its place: it is of another story of that name, whose id is {header.StoryId:x16}";
    }
}

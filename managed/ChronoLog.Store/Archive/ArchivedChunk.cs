using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>Finds the file that a retry of the same chunk would write once more.</summary>
internal static class ArchivedChunk
{
    /// <summary>Name of a readable file with the same range and the same partials; null when there is none.</summary>
    public static StoryFileName? Find(PosixDirectory directory, StoryFileContent content)
    {
        for (uint generation = 0; ; generation++)
        {
            var name = new StoryFileName(content.StartTime, content.EndTime, generation);
            if (directory.TryStat(name.ToString()) is null)
            {
                return null;
            }

            if (content.Partials.Count > 0 && HasPartials(directory, name, content.Partials))
            {
                return name;
            }
        }
    }

    private static bool HasPartials(PosixDirectory directory, StoryFileName name, IReadOnlyList<PartialKey> partials)
    {
        try
        {
            using PosixFile file = directory.OpenFile(name.ToString(), PosixOpen.Read | PosixOpen.NonBlocking);
            return StoryFile.ReadIdentity(file).Partials.SequenceEqual(partials);
        }
        catch (Exception exception) when (exception is Core.Protocol.ChronoLogException or IOException)
        {
            return false; // damaged: the chunk is written again, beside it
        }
    }
}

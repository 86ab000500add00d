using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>Which partial chunks a StoryFile was merged from.</summary>
internal static class StoryFilePartials
{
    /// <summary>Null when the file cannot be read, and then it is given up.</summary>
    public static IReadOnlyList<PartialKey>? Read(CatalogFile file)
    {
        if (file.Damage is not null)
        {
            return null;
        }

        try
        {
            using PosixFile opened = PosixFile.Open(file.Path, PosixOpen.Read | PosixOpen.NonBlocking);
            return StoryFile.ReadIdentity(opened).Partials;
        }
        catch (Exception exception) when (exception is ChronoLogException or IOException)
        {
            file.GiveUp(exception.Message);
            return null;
        }
    }
}

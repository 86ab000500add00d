using System.Globalization;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Hosting;

/// <summary>
/// A Grapher's claim on its group's archive, for as long as it runs: the Visor cannot see whether one that it declared
/// dead still writes, the lock can. Groups may share a directory, each with a claim of its own.
/// </summary>
internal static class ArchiveClaim
{
    /// <exception cref="ChronoLogException">Fenced: another Grapher of the group runs on this archive.</exception>
    public static PosixFile Take(string archive, long group)
    {
        string path = Path.Combine(archive, string.Create(CultureInfo.InvariantCulture, $".grapher-{group}.lock"));
        PosixFile claim = PosixFile.Open(path, PosixOpen.ReadWrite | PosixOpen.Create);
        if (claim.TryLock())
        {
            return claim;
        }

        claim.Dispose();
        throw new ChronoLogException(
            Status.Fenced,
            $"archive '{archive}' is being written by another grapher of group {group}, which holds {path}: stop that one, "
            + "or give this one another --archive-directory or --group");
    }
}

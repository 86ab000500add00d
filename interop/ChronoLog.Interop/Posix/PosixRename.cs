using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>Renaming with and without replacement.</summary>
internal static class PosixRename
{
    private const uint NoReplace = 1;

    internal static void Rename(
        int fromDirectory, string from, int toDirectory, string to, string fullFrom, string fullTo, bool overwrite)
    {
        PosixCalls.RefuseNul(from);
        PosixCalls.RefuseNul(to);
        int result = overwrite
            ? Libc.RenameAt(fromDirectory, from, toDirectory, to)
            : Libc.RenameAt2(fromDirectory, from, toDirectory, to, NoReplace);
        if (result == 0)
        {
            return;
        }

        int errno = Marshal.GetLastPInvokeError();
        bool unsupported = errno is PosixError.Invalid or PosixError.NotImplemented or PosixError.NotSupported;
        if (overwrite || !unsupported)
        {
            throw new PosixException("rename", $"{fullFrom}' to '{fullTo}", errno);
        }

        LinkThenUnlink(fromDirectory, from, toDirectory, to, fullFrom, fullTo);
    }

    // File systems without RENAME_NOREPLACE (NFS, some FUSE): link fails when the target exists, too. Files only.
    private static void LinkThenUnlink(
        int fromDirectory, string from, int toDirectory, string to, string fullFrom, string fullTo)
    {
        if (Libc.LinkAt(fromDirectory, from, toDirectory, to, 0) != 0)
        {
            throw PosixException.Last("link", $"{fullFrom}' to '{fullTo}");
        }

        if (Libc.UnlinkAt(fromDirectory, from, 0) != 0)
        {
            throw PosixException.Last("unlink", fullFrom);
        }
    }
}

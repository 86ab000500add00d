using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>What the handles share: opening and asking relative to a directory descriptor.</summary>
internal static unsafe class PosixCalls
{
    /// <summary>AT_FDCWD: relative to the current directory.</summary>
    internal const int CurrentDirectory = -100;

    internal const int RemoveDirectoryFlag = 0x200;
    internal const int CloseOnExec = 0x80000;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint BasicStats = 0x7FF;

    // The two flags whose values the architectures disagree about.
    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    internal static readonly int OpenNoFollow = Arm ? 0x8000 : 0x20000;
    internal static readonly int OpenDirectory = Arm ? 0x4000 : 0x10000;

    internal static int Open(int directory, string path, string fullPath, int flags, int mode)
    {
        RefuseNul(path);
        while (true)
        {
            int descriptor = Libc.OpenAt(directory, path, flags | CloseOnExec, (uint)mode);
            if (descriptor >= 0)
            {
                return descriptor;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != PosixError.Interrupted)
            {
                throw new PosixException("open", fullPath, errno);
            }
        }
    }

    /// <summary>Null when the name does not exist.</summary>
    internal static PosixFileInfo? TryStat(int directory, string path, string fullPath)
    {
        RefuseNul(path);
        StatxBuffer buffer;
        int flags = path.Length == 0 ? EmptyPath : NoFollow;
        if (Libc.Statx(directory, path, flags, BasicStats, &buffer) == 0)
        {
            return PosixFileInfo.From(buffer);
        }

        int errno = Marshal.GetLastPInvokeError();
        return errno is PosixError.NotFound or PosixError.NotDirectory
            ? null
            : throw new PosixException("statx", fullPath, errno);
    }

    internal static PosixFileInfo Stat(int descriptor, string fullPath) =>
        TryStat(descriptor, "", fullPath) ?? throw new PosixException("statx", fullPath, PosixError.NotFound);

    /// <summary>fsync or fdatasync. Not restarted on an error: after one the pages' state is unknown.</summary>
    internal static void Sync(int descriptor, string fullPath, bool dataOnly)
    {
        while ((dataOnly ? Libc.Fdatasync(descriptor) : Libc.Fsync(descriptor)) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != PosixError.Interrupted)
            {
                throw new PosixException(dataOnly ? "fdatasync" : "fsync", fullPath, errno);
            }
        }
    }

    /// <summary>A NUL would silently cut the name short.</summary>
    internal static void RefuseNul(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"path '{path}' contains a NUL character");
        }
    }
}

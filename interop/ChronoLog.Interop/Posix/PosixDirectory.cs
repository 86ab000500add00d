using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>
/// An open directory. Names given to its methods are single components, resolved relative to the open descriptor and
/// never through a symbolic link.
/// </summary>
public sealed class PosixDirectory : SafeHandle
{
    /// <summary>0750.</summary>
    public const int DefaultMode = 0b111_101_000;

    private PosixDirectory(int descriptor, string path) : base(-1, ownsHandle: true)
    {
        SetHandle(descriptor);
        Path = path;
    }

    public string Path { get; }

    public override bool IsInvalid => handle == -1;

    public int Descriptor => IsClosed ? throw new ObjectDisposedException(Path) : (int)handle;

    public PosixFileInfo Info => PosixCalls.Stat(Descriptor, Path);

    /// <summary>Opens a directory that a user named: the path itself may lead through symbolic links.</summary>
    /// <exception cref="PosixException">The call failed.</exception>
    public static PosixDirectory Open(string path) =>
        new(PosixCalls.Open(PosixCalls.CurrentDirectory, path, path, PosixCalls.OpenDirectory, 0), path);

    /// <summary>The same, creating it and its missing parents, each made durable in its own parent.</summary>
    public static PosixDirectory OpenOrCreate(string path, int mode = DefaultMode)
    {
        string full = System.IO.Path.GetFullPath(path);
        if (PosixFile.TryStat(full) is not null)
        {
            return Open(full);
        }

        string? parent = System.IO.Path.GetDirectoryName(full);
        if (parent is null)
        {
            return Open(full);
        }

        using PosixDirectory above = OpenOrCreate(parent, mode);
        above.CreateDirectory(System.IO.Path.GetFileName(full), mode);
        return Open(full);
    }

    /// <summary>Opens a directory within this one. A symbolic link is refused.</summary>
    public PosixDirectory OpenDirectory(string name)
    {
        string full = Full(name);
        int flags = PosixCalls.OpenDirectory | PosixCalls.OpenNoFollow;
        return new PosixDirectory(PosixCalls.Open(Descriptor, name, full, flags, 0), full);
    }

    /// <summary>Creates a directory within this one if it is missing, and syncs this one.</summary>
    /// <returns>True when it was created.</returns>
    public bool CreateDirectory(string name, int mode = DefaultMode)
    {
        string full = Full(name);
        if (Libc.MkdirAt(Descriptor, name, (uint)mode) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno == PosixError.Exists ? false : throw new PosixException("mkdir", full, errno);
        }

        Sync();
        return true;
    }

    /// <summary>Opens a file within this directory. A symbolic link is refused.</summary>
    public PosixFile OpenFile(string name, PosixOpen flags, int mode = PosixFile.DefaultMode)
    {
        string full = Full(name);
        return new PosixFile(
            PosixCalls.Open(Descriptor, name, full, (int)flags | PosixCalls.OpenNoFollow, mode), full);
    }

    /// <summary>Null when there is no such name.</summary>
    public PosixFileInfo? TryStat(string name) => PosixCalls.TryStat(Descriptor, name, Full(name));

    /// <summary>Renames within this directory, or into another one. Not durable until both are synced.</summary>
    public void Rename(string from, string to, bool overwrite, PosixDirectory? target = null) => PosixRename.Rename(
        Descriptor, from, (target ?? this).Descriptor, to, Full(from), (target ?? this).Full(to), overwrite);

    /// <summary>Removes a file's name. Not durable until this directory is synced.</summary>
    /// <returns>False when there was none.</returns>
    public bool Unlink(string name) => Remove(name, 0, "unlink");

    /// <summary>Removes an empty directory. Not durable until this directory is synced.</summary>
    /// <returns>False when there was none.</returns>
    public bool RemoveDirectory(string name) => Remove(name, PosixCalls.RemoveDirectoryFlag, "rmdir");

    /// <summary>fsync: makes created, renamed and removed names durable.</summary>
    public void Sync() => PosixCalls.Sync(Descriptor, Path, dataOnly: false);

    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;

    private bool Remove(string name, int flags, string call)
    {
        string full = Full(name);
        if (Libc.UnlinkAt(Descriptor, name, flags) == 0)
        {
            return true;
        }

        int errno = Marshal.GetLastPInvokeError();
        return errno == PosixError.NotFound ? false : throw new PosixException(call, full, errno);
    }

    private string Full(string name)
    {
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny('/', '\0') >= 0)
        {
            throw new ArgumentException($"'{name}' is not a single path component (in '{Path}')");
        }

        return System.IO.Path.Combine(Path, name);
    }
}

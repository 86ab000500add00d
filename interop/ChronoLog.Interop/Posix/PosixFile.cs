using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>
/// An open file. Reads and writes are positioned and complete (or throw), so several threads may use one handle.
/// </summary>
public sealed unsafe class PosixFile : SafeHandle
{
    /// <summary>0640.</summary>
    public const int DefaultMode = 0b110_100_000;

    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const uint SyncRangeWrite = 2;
    // One call moves at most 2 GiB - 4 KiB on Linux; asking for 1 GiB keeps the lengths aligned.
    private const int TransferBytesMax = 1 << 30;

    internal PosixFile(int descriptor, string path) : base(-1, ownsHandle: true)
    {
        SetHandle(descriptor);
        Path = path;
    }

    public string Path { get; }

    public override bool IsInvalid => handle == -1;

    /// <summary>For calls that this class does not have. Valid while the handle is open.</summary>
    public int Descriptor => IsClosed ? throw new ObjectDisposedException(Path) : (int)handle;

    public PosixFileInfo Info => PosixCalls.Stat(Descriptor, Path);

    /// <summary>Bytes.</summary>
    public long Length => Info.Length;

    /// <summary>Opens a file; a symbolic link as last component is refused.</summary>
    /// <exception cref="PosixException">The call failed.</exception>
    public static PosixFile Open(string path, PosixOpen flags, int mode = DefaultMode) => new(
        PosixCalls.Open(PosixCalls.CurrentDirectory, path, path, (int)flags | PosixCalls.OpenNoFollow, mode), path);

    /// <summary>What is known of a name, without following a link; null when it does not exist.</summary>
    public static PosixFileInfo? TryStat(string path) => PosixCalls.TryStat(PosixCalls.CurrentDirectory, path, path);

    /// <summary>
    /// Renames, over an existing file unless told otherwise. Not durable until the directory is synced.
    /// </summary>
    public static void Rename(string from, string to, bool overwrite = true) =>
        PosixRename.Rename(PosixCalls.CurrentDirectory, from, PosixCalls.CurrentDirectory, to, from, to, overwrite);

    /// <summary>Removes a name. Not durable until the directory is synced.</summary>
    public static void Unlink(string path)
    {
        PosixCalls.RefuseNul(path);
        if (Libc.UnlinkAt(PosixCalls.CurrentDirectory, path, 0) != 0)
        {
            throw PosixException.Last("unlink", path);
        }
    }

    /// <summary>Reads up to the end of the file.</summary>
    /// <returns>Bytes read: fewer than asked for only at the end of the file.</returns>
    public int ReadAt(Span<byte> target, long offset)
    {
        int done = 0;
        fixed (byte* first = target)
        {
            while (done < target.Length)
            {
                int wanted = Math.Min(target.Length - done, TransferBytesMax);
                nint got = Libc.Pread(Descriptor, first + done, (nuint)wanted, offset + done);
                if (got == 0)
                {
                    break;
                }

                done += (int)Checked(got, "pread");
            }
        }

        return done;
    }

    /// <summary>Reads exactly as much as fits the target.</summary>
    /// <exception cref="EndOfStreamException">The file ends before.</exception>
    public void ReadExactlyAt(Span<byte> target, long offset)
    {
        int got = ReadAt(target, offset);
        if (got != target.Length)
        {
            throw new EndOfStreamException(
                $"'{Path}' ends after {offset + got} bytes, {target.Length - got} bytes before it should");
        }
    }

    /// <summary>Writes all of it.</summary>
    public void WriteAt(ReadOnlySpan<byte> source, long offset)
    {
        int done = 0;
        fixed (byte* first = source)
        {
            while (done < source.Length)
            {
                int wanted = Math.Min(source.Length - done, TransferBytesMax);
                nint put = Libc.Pwrite(Descriptor, first + done, (nuint)wanted, offset + done);
                done += (int)Checked(put, "pwrite");
            }
        }
    }

    /// <summary>fsync: data and metadata to the device. After a failure never call it again on this file.</summary>
    public void Sync() => PosixCalls.Sync(Descriptor, Path, dataOnly: false);

    /// <summary>
    /// fdatasync: data, and the metadata needed to find it. After a failure never call it again on this file.
    /// </summary>
    public void SyncData() => PosixCalls.Sync(Descriptor, Path, dataOnly: true);

    /// <summary>
    /// Reserves the blocks of a range and extends the file to its end; a full disk shows here, not at a store.
    /// </summary>
    public void Allocate(long offset, long length)
    {
        int errno;
        do
        {
            errno = Libc.PosixFallocate(Descriptor, offset, length);
        }
        while (errno == PosixError.Interrupted);
        if (errno != 0)
        {
            throw new PosixException("posix_fallocate", Path, errno);
        }
    }

    /// <summary>
    /// Starts writing a range back without waiting for it, so that a later <see cref="Sync"/> has less to do. A hint:
    /// it makes nothing durable, and what fails here fails there.
    /// </summary>
    public void StartWriteback(long offset, long length) =>
        _ = Libc.SyncFileRange(Descriptor, offset, length, SyncRangeWrite);

    /// <summary>Sets the length; what is added reads as zeros.</summary>
    public void Truncate(long length)
    {
        while (Libc.Ftruncate(Descriptor, length) != 0)
        {
            ThrowUnlessInterrupted("ftruncate");
        }
    }

    /// <summary>Sets the permission bits exactly, whatever the umask says.</summary>
    public void SetPermissions(int mode)
    {
        if (Libc.Fchmod(Descriptor, (uint)mode) != 0)
        {
            throw PosixException.Last("fchmod", Path);
        }
    }

    /// <summary>Tells the kernel how a range will be used. A hint: its failure is of no consequence.</summary>
    public void Advise(long offset, long length, PosixAdvice advice) =>
        _ = Libc.PosixFadvise(Descriptor, offset, length, (int)advice);

    /// <summary>
    /// An exclusive advisory lock (flock) that ends with the handle. False when another process holds it.
    /// </summary>
    public bool TryLock()
    {
        while (Libc.Flock(Descriptor, LockExclusive | LockNonBlocking) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno == PosixError.Again)
            {
                return false;
            }

            ThrowUnlessInterrupted("flock");
        }

        return true;
    }

    /// <summary>Maps a range, shared. The mapping outlives the handle.</summary>
    /// <param name="offset">A multiple of the page size.</param>
    /// <param name="length">Bytes, more than 0.</param>
    /// <param name="writable">Stores reach the file.</param>
    /// <param name="populate">Reads ahead and maps the pages at once.</param>
    public PosixMapping Map(long offset, long length, bool writable, bool populate = false) =>
        PosixMapping.Create(this, offset, length, writable, populate);

    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;

    private nint Checked(nint result, string call)
    {
        if (result > 0)
        {
            return result;
        }

        if (result == 0)
        {
            throw new PosixException(call, Path, PosixError.NoSpace);
        }

        ThrowUnlessInterrupted(call);
        return 0;
    }

    private void ThrowUnlessInterrupted(string call)
    {
        int errno = Marshal.GetLastPInvokeError();
        if (errno != PosixError.Interrupted)
        {
            throw new PosixException(call, Path, errno);
        }
    }
}

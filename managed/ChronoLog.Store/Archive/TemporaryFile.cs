using System.Globalization;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// A file on its way into a directory: it has a hidden name until <see cref="TryPublish"/> syncs it and gives it its
/// real one. Disposed before that, it is removed. While it exists it is locked (flock), so that a cleaner can tell it
/// from one whose writer died.
/// </summary>
internal sealed class TemporaryFile : IDisposable
{
    public const string Suffix = ".tmp";

    private static long counter;

    private readonly PosixDirectory directory;
    private readonly string name;
    private bool published;

    private TemporaryFile(PosixDirectory directory, string name, PosixFile file)
    {
        this.directory = directory;
        this.name = name;
        File = file;
    }

    public PosixFile File { get; }

    /// <summary>True for names that only temporary files have.</summary>
    public static bool IsTemporaryName(string name) =>
        name.StartsWith('.') && name.EndsWith(Suffix, StringComparison.Ordinal);

    /// <exception cref="PosixException">The directory cannot be written.</exception>
    public static TemporaryFile Create(PosixDirectory directory)
    {
        while (true)
        {
            string name = string.Create(
                CultureInfo.InvariantCulture,
                $".{Environment.MachineName}-{Environment.ProcessId}-{Interlocked.Increment(ref counter)}{Suffix}");
            PosixFile file;
            try
            {
                file = directory.OpenFile(name, PosixOpen.ReadWrite | PosixOpen.Create | PosixOpen.Exclusive);
            }
            catch (PosixException exception) when (exception.Errno == PosixError.Exists)
            {
                continue; // left behind by a process that had our number
            }

            // A cleaner may have come between the two calls and taken the file for an abandoned one.
            if (TryLock(file) && file.Info.Links > 0)
            {
                return new TemporaryFile(directory, name, file);
            }

            file.Dispose();
        }
    }

    // Lustre mounted without flock, some NFS: there, a cleaner cannot lock either, and leaves temporary files alone.
    private static bool TryLock(PosixFile file)
    {
        try
        {
            return file.TryLock();
        }
        catch (PosixException exception) when (exception.Errno is PosixError.NotImplemented or PosixError.NotSupported
            or PosixError.NoLocks)
        {
            return true;
        }
    }

    /// <summary>Syncs the file, names it, and syncs the directory. On the device when it returns.</summary>
    /// <returns>False when the name is taken: nothing was renamed.</returns>
    public bool TryPublish(string finalName)
    {
        File.Sync();
        try
        {
            directory.Rename(name, finalName, overwrite: false);
        }
        catch (PosixException exception) when (exception.Errno == PosixError.Exists)
        {
            return false;
        }

        published = true;
        directory.Sync();
        return true;
    }

    /// <summary>
    /// The same over whatever has the name: readers find the old file or the new one, whole, at any time.
    /// </summary>
    public void Replace(string finalName)
    {
        File.Sync();
        directory.Rename(name, finalName, overwrite: true);
        published = true;
        directory.Sync();
    }

    public void Dispose()
    {
        if (!published)
        {
            try
            {
                _ = directory.Unlink(name);
            }
            catch (PosixException)
            {
                // The cleaner of the next start will find it.
            }
        }

        File.Dispose();
    }

    /// <summary>Removes a temporary file whose writer is gone.</summary>
    /// <returns>False when it is still being written.</returns>
    public static bool TryClean(PosixDirectory directory, string name)
    {
        using PosixFile file = directory.OpenFile(name, PosixOpen.Read | PosixOpen.NonBlocking);
        return file.Info.IsRegularFile && file.TryLock() && directory.Unlink(name);
    }
}

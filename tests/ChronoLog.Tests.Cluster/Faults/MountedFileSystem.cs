namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>
/// A small file system of its own at a directory: ext4 on a file, whose copy is what a power cut would leave, or tmpfs.
/// </summary>
internal sealed class MountedFileSystem : IDisposable
{
    private const int UnmountAttempts = 50;
    private static readonly Lazy<string?> Obstacle = new(FindObstacle);

    private readonly string? image;
    private bool isMounted;

    private MountedFileSystem(string mountPoint, string? image, params string[] arguments)
    {
        MountPoint = mountPoint;
        this.image = image;
        Directory.CreateDirectory(mountPoint);
        SystemCommand.Run("mount", [.. arguments, mountPoint]);
        isMounted = true;
    }

    public string MountPoint { get; }

    /// <summary>Skips the test where the machine cannot mount.</summary>
    public static void Require()
    {
        if (Obstacle.Value is { } obstacle)
        {
            Assert.Ignore($"no file system can be mounted here: {obstacle}");
        }
    }

    public static MountedFileSystem Tmpfs(string mountPoint, int mebibytes) =>
        new(mountPoint, image: null, "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs");

    public static MountedFileSystem Ext4(string mountPoint, int mebibytes)
    {
        string image = NewImage();
        using (FileStream file = File.Create(image))
        {
            file.SetLength((long)mebibytes << 20);
        }

        // No blocks reserved for root, which these tests run as: full is full. No tables made later, in the background.
        SystemCommand.Run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", image);
        var mounted = new MountedFileSystem(mountPoint, image, "-t", "ext4", "-o", "loop", image);
        Directory.Delete(Path.Combine(mountPoint, "lost+found"));
        return mounted;
    }

    /// <summary>Mounts a copy that <see cref="CopyTo"/> made, once: as it is after the power has come back.</summary>
    public static MountedFileSystem OfCopy(string copy, string mountPoint) =>
        new(mountPoint, copy, "-t", "ext4", "-o", "loop", copy);

    public static string NewImage() => Path.Combine(Path.GetTempPath(), $"chronolog-disk-{Guid.NewGuid():n}.ext4");

    /// <summary>
    /// Copies what has reached the device by now. What only the kernel's cache of the mounted file system has is not in
    /// it.
    /// </summary>
    public void CopyTo(string file) => SystemCommand.Run("cp", "--sparse=always", image!, file);

    public void Dispose()
    {
        string? trouble = null;
        for (int attempt = 0; isMounted && attempt < UnmountAttempts; attempt++)
        {
            trouble = SystemCommand.Try("umount", MountPoint);
            isMounted = trouble is not null; // a process that is just ending keeps it busy
            if (isMounted)
            {
                Thread.Sleep(TimeSpan.FromMilliseconds(100));
            }
        }

        if (isMounted)
        {
            SystemCommand.Try("umount", "--lazy", MountPoint);
        }

        if (image is not null)
        {
            File.Delete(image);
        }

        Assert.That(isMounted, Is.False, trouble);
    }

    private static string? FindObstacle()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return "not root";
        }

        string place = Directory.CreateTempSubdirectory("chronolog-mount-").FullName;
        try
        {
            Ext4(place, mebibytes: 8).Dispose();
            Tmpfs(place, mebibytes: 1).Dispose();
            return null;
        }
        catch (AssertionException exception)
        {
            return exception.Message.Trim();
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }
}

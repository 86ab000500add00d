namespace ChronoLog.Interop.Posix;

/// <summary>Space and type of the file system that holds a path.</summary>
public static unsafe class PosixFileSystem
{
    /// <summary>Bytes that an unprivileged process can still write, and bytes in all.</summary>
    /// <exception cref="PosixException">The call failed.</exception>
    public static (long Available, long Total) Space(string path)
    {
        PosixCalls.RefuseNul(path);
        StatvfsBuffer buffer;
        if (Libc.Statvfs(path, &buffer) != 0)
        {
            throw PosixException.Last("statvfs", path);
        }

        ulong unit = buffer.FragmentSize == 0 ? buffer.BlockSize : buffer.FragmentSize;
        return ((long)(buffer.BlocksAvailable * unit), (long)(buffer.Blocks * unit));
    }

    /// <summary>
    /// The type's usual name ("ext4", "tmpfs", "nfs", "lustre", ...), else its magic number in hexadecimal.
    /// </summary>
    public static string TypeName(string path)
    {
        PosixCalls.RefuseNul(path);
        StatfsBuffer buffer;
        if (Libc.Statfs(path, &buffer) != 0)
        {
            throw PosixException.Last("statfs", path);
        }

        return (uint)buffer.Type switch
        {
            0xEF53 => "ext4",
            0x01021994 => "tmpfs",
            0x858458F6 => "ramfs",
            0x58465342 => "xfs",
            0x9123683E => "btrfs",
            0x2FC12FC1 => "zfs",
            0x794C7630 => "overlay",
            0x6969 => "nfs",
            0xFF534D42 or 0xFE534D42 => "cifs",
            0x0BD00BD0 => "lustre",
            0x47504653 => "gpfs",
            0x19830326 => "beegfs",
            0x65735546 => "fuse",
            0x00C36400 => "ceph",
            0x958458F6 => "hugetlbfs",
            var other => $"0x{other:X}",
        };
    }
}

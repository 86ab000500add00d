namespace ChronoLog.Interop.Posix;

/// <summary>What statx tells of a name or descriptor.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Mode">Type and permission bits.</param>
/// <param name="Inode">Number within the device.</param>
/// <param name="Links">Names of the file; 0 = deleted.</param>
/// <param name="ModifiedNanoseconds">Time of the last change, nanoseconds since the Unix epoch.</param>
public readonly record struct PosixFileInfo(long Length, int Mode, ulong Inode, uint Links, long ModifiedNanoseconds)
{
    private const int TypeMask = 0xF000;

    public bool IsRegularFile => (Mode & TypeMask) == 0x8000;

    public bool IsDirectory => (Mode & TypeMask) == 0x4000;

    public bool IsSymbolicLink => (Mode & TypeMask) == 0xA000;

    /// <summary>The nine permission bits and set-id bits, for example 0x1A0 = 0640.</summary>
    public int Permissions => Mode & 0xFFF;

    internal static PosixFileInfo From(in StatxBuffer buffer) => new(
        (long)buffer.Size,
        buffer.Mode,
        buffer.Inode,
        buffer.LinkCount,
        checked(buffer.ModifiedSeconds * 1_000_000_000 + buffer.ModifiedNanoseconds));
}

namespace ChronoLog.Interop.Posix;

/// <summary>How a file is opened. O_NOFOLLOW and O_CLOEXEC are always set.</summary>
[Flags]
public enum PosixOpen
{
    Read = 0,
    Write = 1,
    ReadWrite = 2,
    /// <summary>Creates the file if it is missing.</summary>
    Create = 0x40,
    /// <summary>With <see cref="Create"/>: fails when the name exists, be it a dangling link.</summary>
    Exclusive = 0x80,
    Truncate = 0x200,
    Append = 0x400,
    /// <summary>Does not wait for the other end when the name turns out to be a FIFO.</summary>
    NonBlocking = 0x800,
}

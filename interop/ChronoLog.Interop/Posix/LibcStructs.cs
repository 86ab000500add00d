using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>struct statx: the only stat structure that is laid out alike on every architecture. 256 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatxBuffer
{
    [FieldOffset(16)] internal uint LinkCount;
    [FieldOffset(20)] internal uint UserId;
    [FieldOffset(28)] internal ushort Mode;
    [FieldOffset(32)] internal ulong Inode;
    [FieldOffset(40)] internal ulong Size;
    [FieldOffset(112)] internal long ModifiedSeconds;
    [FieldOffset(120)] internal uint ModifiedNanoseconds;
    [FieldOffset(136)] internal uint DeviceMajor;
    [FieldOffset(140)] internal uint DeviceMinor;
}

/// <summary>struct statvfs of 64-bit glibc and musl; larger here than there, for what a C library may append.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatvfsBuffer
{
    [FieldOffset(0)] internal ulong BlockSize;
    [FieldOffset(8)] internal ulong FragmentSize;
    [FieldOffset(16)] internal ulong Blocks;
    [FieldOffset(24)] internal ulong BlocksFree;
    [FieldOffset(32)] internal ulong BlocksAvailable;
}

/// <summary>struct statfs of 64-bit Linux; only the type is read.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatfsBuffer
{
    [FieldOffset(0)] internal long Type;
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry
{
    internal int Descriptor;
    internal short Wanted;
    internal short Returned;
}

using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Memory;

/// <summary>Raw signatures of the C library's memory calls.</summary>
internal static partial class MemoryNative
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymousNoReserve = 0x2 | 0x20 | 0x4000;
    private const int DontNeed = 4;
    private const uint LockOnFault = 1;

    /// <returns>The address, or 0 with the last P/Invoke error set.</returns>
    internal static nint Map(long length)
    {
        nint address = Mmap(0, (nuint)length, ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        return address == -1 ? 0 : address;
    }

    internal static int Discard(nint address, long length) => Madvise(address, (nuint)length, DontNeed);

    [LibraryImport(NativeLibraries.C, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    /// <summary>Locks pages as they are touched: locking at once would make the whole range resident.</summary>
    internal static int Lock(nint address, long length) => Mlock2(address, (nuint)length, LockOnFault);

    [LibraryImport(NativeLibraries.C, EntryPoint = "munlock", SetLastError = true)]
    internal static partial int Unlock(nint address, nuint length);

    [LibraryImport(NativeLibraries.C, EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Mmap(
        nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport(NativeLibraries.C, EntryPoint = "mlock2", SetLastError = true)]
    private static partial int Mlock2(nint address, nuint length, uint flags);

    [LibraryImport(NativeLibraries.C, EntryPoint = "madvise", SetLastError = true)]
    private static partial int Madvise(nint address, nuint length, int advice);
}

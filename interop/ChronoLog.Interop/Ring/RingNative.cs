using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Ring;

/// <summary>Raw signatures of <c>chrono_ring.h</c>.</summary>
internal static unsafe partial class RingNative
{
    [LibraryImport(
        NativeLibraries.Chrono, EntryPoint = "chrono_ring_create", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Create(string path, RingIdentity* identity, nint* ring, NativeError* error);

    [LibraryImport(
        NativeLibraries.Chrono, EntryPoint = "chrono_ring_attach", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Attach(
        string path, ulong clientId, ulong ringId, uint trustedUid, nint* ring, NativeError* error);

    [LibraryImport(
        NativeLibraries.Chrono, EntryPoint = "chrono_ring_reattach", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Reattach(
        string path, ulong ringId, RingIdentity* identity, nint* ring, NativeError* error);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_detach")]
    internal static partial void Detach(nint ring);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_get_header")]
    internal static partial nint Header(nint ring);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_get_data")]
    internal static partial nint Data(nint ring);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_get_capacity")]
    internal static partial ulong Capacity(nint ring);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_try_append")]
    internal static partial int TryAppend(
        nint ring, ulong storyId, ulong tick, uint index, byte* record, uint length);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_close")]
    internal static partial void Close(nint ring);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_fence")]
    internal static partial ulong Fence(nint ring);

    // A futex wake is a system call of about a microsecond: a normal transition, so that it cannot delay a collection.
    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_ring_wake")]
    internal static partial void Wake(nint ring);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_process_watch")]
    internal static partial int Watch(int pid);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_process_alive")]
    internal static partial int Alive(int watch);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_process_unwatch")]
    internal static partial void Unwatch(int watch);
}

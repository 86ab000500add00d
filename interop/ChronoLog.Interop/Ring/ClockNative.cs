using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Ring;

/// <summary>Raw signatures of <c>chrono_clock.h</c>. None of them blocks or calls the system.</summary>
internal static partial class ClockNative
{
    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_create")]
    internal static partial nint Create();

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_destroy")]
    internal static partial void Destroy(nint clock);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_set")]
    internal static partial long Set(
        nint clock, ulong baseMonotonicNanoseconds, ulong baseTick, ulong rate, ulong uncertaintyNanoseconds);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_now")]
    [SuppressGCTransition]
    internal static partial ulong Now(nint clock);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_uncertainty")]
    [SuppressGCTransition]
    internal static partial ulong Uncertainty(nint clock);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_monotonic_ns")]
    [SuppressGCTransition]
    internal static partial ulong Monotonic();
}

using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Ring;

/// <summary>Raw signatures of <c>chrono_clock.h</c>. None of them blocks, but for the first creation, which calibrates.</summary>
internal static partial class ClockNative
{
    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_create")]
    internal static partial nint Create();

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_destroy")]
    internal static partial void Destroy(nint clock);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_set")]
    internal static partial long Set(
        nint clock, ulong baseMonotonicNanoseconds, ulong baseTick, ulong rate, ulong uncertaintyNanoseconds);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_steer")]
    internal static partial long Steer(nint clock, in NativeClockLine line);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_verify")]
    internal static partial int Verify(nint clock);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_source_of")]
    [SuppressGCTransition]
    internal static partial uint SourceOf(nint clock);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_clock_local")]
    [SuppressGCTransition]
    internal static partial ulong Local(nint clock);

    // A text that stays; not to be freed.
    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_tsc_refusal")]
    internal static partial nint TscRefusal();

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_tsc_hertz")]
    internal static partial ulong TscHertz();

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

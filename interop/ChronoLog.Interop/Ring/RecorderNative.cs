using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Ring;

/// <summary>
/// Raw signatures of <c>chrono_recorder.h</c>. Only <see cref="TryLogFast"/> goes without a GC
/// transition: it never waits.
/// </summary>
internal static unsafe partial class RecorderNative
{
    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_create")]
    internal static partial int Create(ulong clientId, nint clock, nint* recorder);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_close")]
    internal static partial void Close(nint recorder);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_destroy")]
    internal static partial void Destroy(nint recorder);

    [LibraryImport(
        NativeLibraries.Chrono, EntryPoint = "chrono_recorder_add_ring", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int AddRing(nint recorder, string path, ulong ringId, uint trustedUid, NativeError* error);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_retire_ring")]
    internal static partial int RetireRing(nint recorder, int slot, int abandon);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_move_ring")]
    internal static partial int MoveRing(nint recorder, int from, int to, ulong timeoutNanoseconds, ulong* events);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_ring_silence")]
    internal static partial int RingSilence(nint recorder, int slot, ulong* nanoseconds);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_expect_rings")]
    internal static partial void ExpectRings(nint recorder, int expected);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_set_bounds")]
    internal static partial void SetBounds(nint recorder, ulong lateNanoseconds, ulong futureNanoseconds);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_story_writer_allow_given")]
    internal static partial void AllowGiven(nint writer);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_ring_positions")]
    internal static partial int RingPositions(nint recorder, int slot, ulong* tail, ulong* consumed, ulong* durable);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_last")]
    internal static partial void Last(nint recorder, ulong* tick, uint* index);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_recorder_flush")]
    internal static partial int FlushRecorder(nint recorder, int level, ulong timeoutNanoseconds);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_story_writer_open")]
    internal static partial int OpenWriter(nint recorder, ulong storyId, int placement, nint* writer);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_story_writer_set_rings")]
    internal static partial int SetRings(nint writer, int* slots, uint count);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_story_writer_set_replicas")]
    internal static partial int SetReplicas(nint writer, uint replicas);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_story_writer_set_timeout")]
    internal static partial void SetTimeout(nint writer, ulong fullTimeoutNanoseconds);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_story_writer_close")]
    internal static partial void CloseWriter(nint writer);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_story_writer_reopen")]
    internal static partial void ReopenWriter(nint writer);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_try_log")]
    [SuppressGCTransition]
    internal static partial int TryLogFast(nint writer, byte* record, uint length, ulong* tick, uint* index);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_log")]
    internal static partial int Log(nint writer, byte* record, uint length, ulong* tick, uint* index);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_log_at")]
    internal static partial int LogAt(nint writer, ulong tick, byte* record, uint length, uint* index);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_log_batch")]
    internal static partial int LogBatch(
        nint writer, NativeSpan* events, uint count, ulong* ticks, uint* indexes, uint* logged);

    [LibraryImport(NativeLibraries.Chrono, EntryPoint = "chrono_flush")]
    internal static partial int Flush(nint writer, int level, ulong timeoutNanoseconds);
}

using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>Records the events of one story. Thread-safe; allocates nothing per event.</summary>
public sealed class StoryWriter : IStoryWriter
{
    // Copying more than this takes over a microsecond, for which a collection should not have to wait.
    private const int FastRecordBytesMax = 4096;

    private readonly StoryWriterHandle handle;

    internal StoryWriter(StoryWriterHandle handle, ulong storyId, int replicas) =>
        (this.handle, StoryId, Replicas) = (handle, storyId, replicas);

    public ulong StoryId { get; }

    /// <summary>Rings that get each event, with one identity.</summary>
    public int Replicas { get; }

    /// <summary>The <c>chrono_story_writer</c>; valid as long as this writer is reachable.</summary>
    public nint Native => handle.DangerousGetHandle();

    /// <summary>How long a call waits for room in a full ring; 5 s unless set.</summary>
    public TimeSpan FullTimeout
    {
        set => handle.SetTimeout(FlushWait.Nanoseconds(value));
    }

    /// <summary>What is known of the Keepers' trouble when a call's time is up; null = nothing.</summary>
    public Func<string?>? Trouble { get; set; }

    /// <summary>Records one event. Waits, bounded, while the ring is full.</summary>
    /// <param name="record">May be empty.</param>
    /// <returns>The event's tick.</returns>
    /// <exception cref="ChronoLogException">
    /// TimedOut, NoKeepers, LimitExceeded, NotAcquired: nothing was recorded, ever. Unknown: with replicas only; the
    /// event is with fewer Keepers than that, stored at most once.
    /// </exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong LogEvent(ReadOnlySpan<byte> record) => LogEvent(record, out _);

    /// <inheritdoc cref="LogEvent(ReadOnlySpan{byte})"/>
    /// <param name="record">May be empty.</param>
    /// <param name="index">The event's index: with the tick and the client id its identity.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong LogEvent(ReadOnlySpan<byte> record, out uint index)
    {
        // A second copy may have to be waited for, which the fast call must not do.
        if (record.Length <= FastRecordBytesMax && Replicas == 1
            && handle.TryLogFast(record, out ulong tick, out index) == NativeStatus.Ok)
        {
            return tick;
        }

        return LogWaiting(record, out index);
    }

    /// <summary>From now on events may have ticks of the caller's own.</summary>
    public void AllowOwnTimes() => handle.AllowGiven();

    /// <summary>Records one event with a tick of the caller's own.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="ChronoLogException">
    /// LimitExceeded: the tick lies beyond the bounds. NotSupported: see <see cref="AllowOwnTimes"/>.
    /// </exception>
    public uint LogEventAt(ulong tick, ReadOnlySpan<byte> record) => TryLogEventAt(tick, record, out uint index)
        ? index
        : throw new ChronoLogException(
            Status.NotSupported, $"recording an event at {tick} in {Name}: nobody was told that it gets own ticks");

    /// <summary>The same; false when own ticks have not been allowed yet.</summary>
    public bool TryLogEventAt(ulong tick, ReadOnlySpan<byte> record, out uint index)
    {
        int status = handle.LogAt(tick, record, out index);
        return status switch
        {
            NativeStatus.Ok => true,
            NativeStatus.NotDeclared => false,
            NativeStatus.TooOld or NativeStatus.TooNew => throw OutOfBounds(tick, status),
            _ => throw Failure(status, record.Length),
        };
    }

    /// <summary>Records many events in few steps.</summary>
    /// <param name="records">The records, one after the other.</param>
    /// <param name="lengths">The length of each.</param>
    /// <param name="ticks">Receives their ticks, as many as there are lengths.</param>
    /// <exception cref="ChronoLogException">
    /// Data["logged"] holds how many were recorded before the failure; after Unknown some of the next may be, too.
    /// </exception>
    public void LogBatch(ReadOnlySpan<byte> records, ReadOnlySpan<int> lengths, Span<ulong> ticks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ticks.Length, lengths.Length, nameof(ticks));
        int status = handle.LogBatch(records, lengths, ticks, out int logged);
        if (status != NativeStatus.Ok)
        {
            ChronoLogException failure = Failure(status, lengths[logged]);
            failure.Data["logged"] = logged;
            throw failure;
        }
    }

    /// <summary>
    /// Replaces the set of rings atomically, while other threads record. An empty set refuses events.
    /// </summary>
    public void SetRings(IReadOnlyList<RecorderRing> rings)
    {
        int[] slots = [.. rings.Select(static ring => ring.Slot)];
        int status = handle.SetRings(slots);
        if (status != NativeStatus.Ok)
        {
            throw NativeFailure.Exception(status, $"giving story {StoryId:x16} its rings");
        }
    }

    /// <summary>Blocks until everything that this story's writer recorded so far has reached the level.</summary>
    /// <inheritdoc cref="RecorderSession.Flush"/>
    public void Flush(DurabilityLevel level, TimeSpan timeout) =>
        FlushWait.Check(
            handle.Flush(FlushWait.NativeLevel(level, Replicas), FlushWait.Nanoseconds(timeout)), level, Name, Trouble?.Invoke());

    /// <summary>The same on a thread of the pool, which is held for as long: recording threads are not.</summary>
    public Task FlushAsync(DurabilityLevel level, TimeSpan timeout) => Task.Run(() => Flush(level, timeout));

    /// <summary>
    /// True when everything that this story's writer recorded so far has reached the level; never waits.
    /// </summary>
    public bool TryFlush(DurabilityLevel level) =>
        FlushWait.IsReached(handle.Flush(FlushWait.NativeLevel(level, Replicas), 0), level, Name);

    /// <summary>While true, calls that record fail with NotAcquired; a flush goes on.</summary>
    public bool IsSealed
    {
        set
        {
            if (value)
            {
                handle.CloseWriter();
            }
            else
            {
                handle.ReopenWriter();
            }
        }
    }

    /// <summary>Every later call fails with NotAcquired. What was recorded stays.</summary>
    public void Dispose() => handle.CloseWriter();

    private string Name => $"story {StoryId:x16}";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong LogWaiting(ReadOnlySpan<byte> record, out uint index)
    {
        int status = handle.Log(record, out ulong tick, out index);
        return status == NativeStatus.Ok ? tick : throw Failure(status, record.Length);
    }

    private ChronoLogException OutOfBounds(ulong tick, int status) => new(
        Status.LimitExceeded,
        $"recording an event at {tick} ({ChronoTick.Format(tick)}) in {Name}: "
        + (status == NativeStatus.TooOld
            ? "that lies further back than the Keepers take (late-bound); chronolog import takes historical events"
            : "that lies further ahead of now than the Keepers take (future-bound)"));

    private ChronoLogException Failure(int status, int length) =>
        NativeFailure.Exception(
            status,
            $"recording an event of {length} bytes in {Name}",
            status switch
            {
                NativeStatus.TimedOut =>
                    Trouble?.Invoke() is { } trouble
                        ? $"the ring stayed full: {trouble}"
                        : "the ring stayed full: the Keeper takes events too slowly, or not at all because its journal "
                        + "is full and the Grapher does not archive; see chronolog status and chronolog doctor",
                NativeStatus.NoKeeper => Trouble?.Invoke() is { } trouble ? $"no Keeper takes events: {trouble}" : null,
                NativeStatus.TooLong =>
                    "the record is longer than the ring takes; open the client with a larger ring "
                    + "(the Keeper's ring-capacity)",
                _ => null,
            });
}

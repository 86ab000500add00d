using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>
/// Appends to one story. Keeps its recorder alive; its native memory is the recorder's. Ended by
/// <see cref="CloseWriter"/>, not by disposing: other threads may be in a call.
/// </summary>
public sealed unsafe class StoryWriterHandle : SafeHandle
{
    private readonly RecorderHandle recorder;

    private StoryWriterHandle(nint writer, RecorderHandle recorder)
        : base(0, ownsHandle: true)
    {
        this.recorder = recorder;
        SetHandle(writer);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>A writer without rings; null with the status when it is refused.</summary>
    public static StoryWriterHandle? Open(RecorderHandle recorder, ulong storyId, int placement, out int status)
    {
        bool holdsRecorder = false;
        recorder.DangerousAddRef(ref holdsRecorder);
        nint raw;
        status = RecorderNative.OpenWriter(recorder.DangerousGetHandle(), storyId, placement, &raw);
        if (status == NativeStatus.Ok)
        {
            return new StoryWriterHandle(raw, recorder);
        }

        recorder.DangerousRelease();
        return null;
    }

    /// <summary>Replaces the set of rings atomically.</summary>
    public int SetRings(ReadOnlySpan<int> slots)
    {
        fixed (int* first = slots)
        {
            int status = RecorderNative.SetRings(handle, first, (uint)slots.Length);
            GC.KeepAlive(this);
            return status;
        }
    }

    /// <summary>Before the first event: how many of the set's rings get each.</summary>
    public int SetReplicas(int replicas)
    {
        int status = RecorderNative.SetReplicas(handle, (uint)replicas);
        GC.KeepAlive(this);
        return status;
    }

    public void SetTimeout(ulong fullTimeoutNanoseconds)
    {
        RecorderNative.SetTimeout(handle, fullTimeoutNanoseconds);
        GC.KeepAlive(this);
    }

    /// <summary>From now on <see cref="LogAt"/> is not refused with <see cref="NativeStatus.NotDeclared"/>.</summary>
    public void AllowGiven()
    {
        RecorderNative.AllowGiven(handle);
        GC.KeepAlive(this);
    }

    /// <summary>Every later call that records returns <see cref="NativeStatus.Closed"/>.</summary>
    public void CloseWriter()
    {
        RecorderNative.CloseWriter(handle);
        GC.KeepAlive(this);
    }

    /// <summary>Takes <see cref="CloseWriter"/> back.</summary>
    public void ReopenWriter()
    {
        RecorderNative.ReopenWriter(handle);
        GC.KeepAlive(this);
    }

    /// <summary>
    /// Never waits, and holds up no collection: for records of a few KiB. <see cref="NativeStatus.WouldBlock"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TryLogFast(ReadOnlySpan<byte> record, out ulong tick, out uint index)
    {
        ulong tickGiven = 0;
        uint indexGiven = 0;
        int status;
        fixed (byte* first = record)
        {
            status = RecorderNative.TryLogFast(handle, first, (uint)record.Length, &tickGiven, &indexGiven);
        }

        GC.KeepAlive(this);
        (tick, index) = (tickGiven, indexGiven);
        return status;
    }

    /// <summary>Waits in a full ring, at most for the writer's timeout.</summary>
    public int Log(ReadOnlySpan<byte> record, out ulong tick, out uint index)
    {
        ulong tickGiven = 0;
        uint indexGiven = 0;
        int status;
        fixed (byte* first = record)
        {
            status = RecorderNative.Log(handle, first, (uint)record.Length, &tickGiven, &indexGiven);
        }

        GC.KeepAlive(this);
        (tick, index) = (tickGiven, indexGiven);
        return status;
    }

    /// <summary>Records with the caller's own tick.</summary>
    public int LogAt(ulong tick, ReadOnlySpan<byte> record, out uint index)
    {
        uint indexGiven = 0;
        int status;
        fixed (byte* first = record)
        {
            status = RecorderNative.LogAt(handle, tick, first, (uint)record.Length, &indexGiven);
        }

        GC.KeepAlive(this);
        index = indexGiven;
        return status;
    }

    /// <summary>Records that lie in one buffer, one after the other.</summary>
    /// <param name="records">The buffer.</param>
    /// <param name="lengths">The length of each record; their sum is at most the buffer's.</param>
    /// <param name="ticks">Receives a tick per record.</param>
    /// <param name="logged">How many were recorded, in order, also on failure.</param>
    public int LogBatch(ReadOnlySpan<byte> records, ReadOnlySpan<int> lengths, Span<ulong> ticks, out int logged)
    {
        const int SpansAtOnce = 64;
        NativeSpan* spans = stackalloc NativeSpan[SpansAtOnce];
        int status = NativeStatus.Ok;
        logged = 0;
        fixed (byte* first = records)
        fixed (ulong* tick = ticks)
        {
            long offset = 0;
            while (status == NativeStatus.Ok && logged < lengths.Length)
            {
                int count = Math.Min(SpansAtOnce, lengths.Length - logged);
                for (int i = 0; i < count; i++)
                {
                    int length = lengths[logged + i];
                    ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(lengths));
                    ArgumentOutOfRangeException.ThrowIfGreaterThan(length, records.Length - offset, nameof(lengths));
                    spans[i] = new NativeSpan((nint)(first + offset), (uint)length);
                    offset += length;
                }

                uint done;
                status = RecorderNative.LogBatch(handle, spans, (uint)count, tick + logged, null, &done);
                logged += (int)done;
            }
        }

        GC.KeepAlive(this);
        return status;
    }

    /// <summary>Waits, see <c>chrono_flush</c>.</summary>
    public int Flush(int level, ulong timeoutNanoseconds)
    {
        int status = RecorderNative.Flush(handle, level, timeoutNanoseconds);
        GC.KeepAlive(this);
        return status;
    }

    protected override bool ReleaseHandle()
    {
        RecorderNative.CloseWriter(handle);
        recorder.DangerousRelease();
        return true;
    }
}

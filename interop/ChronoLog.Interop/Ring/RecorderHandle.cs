using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>
/// A client's recorder. <see cref="CloseRecorder"/> ends it at once for every thread; its memory is given back when
/// neither it nor a writer is reachable any more, so that a call that is under way never meets freed memory.
/// </summary>
public sealed unsafe class RecorderHandle : SafeHandle
{
    private readonly ClockHandle clock;

    private RecorderHandle(nint recorder, ClockHandle clock)
        : base(0, ownsHandle: true)
    {
        this.clock = clock;
        SetHandle(recorder);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>A recorder without rings.</summary>
    /// <param name="clientId">Issued by the Visor.</param>
    /// <param name="clock">Kept alive by the recorder.</param>
    public static RecorderHandle Create(ulong clientId, ClockHandle clock)
    {
        bool holdsClock = false;
        clock.DangerousAddRef(ref holdsClock);
        nint raw;
        int status = RecorderNative.Create(clientId, clock.DangerousGetHandle(), &raw);
        if (status != NativeStatus.Ok)
        {
            clock.DangerousRelease();
            throw new OutOfMemoryException("no memory for the recorder");
        }

        return new RecorderHandle(raw, clock);
    }

    /// <summary>
    /// Ends recording: every later call on the recorder and its writers returns <see cref="NativeStatus.Closed"/>.
    /// </summary>
    public void CloseRecorder()
    {
        RecorderNative.Close(handle);
        GC.KeepAlive(this);
    }

    /// <summary>Maps a Keeper's ring: its slot, or a negative status with the error filled.</summary>
    public int AddRing(string path, ulong ringId, uint trustedUid, out NativeError error)
    {
        fixed (NativeError* text = &error)
        {
            *text = default;
            int slot = RecorderNative.AddRing(handle, path, ringId, trustedUid, text);
            GC.KeepAlive(this);
            return slot;
        }
    }

    /// <summary>
    /// Takes a ring out; <see cref="NativeStatus.WouldBlock"/> while it is not consumed and not to be abandoned.
    /// </summary>
    public int RetireRing(int slot, bool abandon)
    {
        int status = RecorderNative.RetireRing(handle, slot, abandon ? 1 : 0);
        GC.KeepAlive(this);
        return status;
    }

    /// <summary>Leaves a ring for another one, see <c>chrono_recorder_move_ring</c>.</summary>
    public int MoveRing(int from, int to, ulong timeoutNanoseconds, out long events)
    {
        ulong moved = 0;
        int status = RecorderNative.MoveRing(handle, from, to, timeoutNanoseconds, &moved);
        GC.KeepAlive(this);
        events = (long)moved;
        return status;
    }

    /// <summary>How long a ring's Keeper has not beaten; <see cref="NativeStatus.Fenced"/> when it closed it.</summary>
    public int RingSilence(int slot, out ulong nanoseconds)
    {
        ulong silence = 0;
        int status = RecorderNative.RingSilence(handle, slot, &silence);
        GC.KeepAlive(this);
        nanoseconds = silence;
        return status;
    }

    /// <summary>Whether closed rings are replaced, so that it is worth while to wait for that.</summary>
    public void ExpectRings(bool expected)
    {
        RecorderNative.ExpectRings(handle, expected ? 1 : 0);
        GC.KeepAlive(this);
    }

    /// <summary>How far back and ahead of now a given tick may lie.</summary>
    public void SetBounds(ulong lateNanoseconds, ulong futureNanoseconds)
    {
        RecorderNative.SetBounds(handle, lateNanoseconds, futureNanoseconds);
        GC.KeepAlive(this);
    }

    /// <summary>Bytes reserved, consumed and durable in a ring so far.</summary>
    public int RingPositions(int slot, out ulong tail, out ulong consumed, out ulong durable)
    {
        ulong tailNow = 0, consumedNow = 0, durableNow = 0;
        int status = RecorderNative.RingPositions(handle, slot, &tailNow, &consumedNow, &durableNow);
        GC.KeepAlive(this);
        (tail, consumed, durable) = (tailNow, consumedNow, durableNow);
        return status;
    }

    /// <summary>The tick given last and the index to be given next.</summary>
    public (ulong Tick, uint Index) Last()
    {
        ulong tick;
        uint index;
        RecorderNative.Last(handle, &tick, &index);
        GC.KeepAlive(this);
        return (tick, index);
    }

    /// <summary>Waits, see <c>chrono_recorder_flush</c>.</summary>
    public int Flush(int level, ulong timeoutNanoseconds)
    {
        int status = RecorderNative.FlushRecorder(handle, level, timeoutNanoseconds);
        GC.KeepAlive(this);
        return status;
    }

    protected override bool ReleaseHandle()
    {
        RecorderNative.Destroy(handle);
        clock.DangerousRelease();
        return true;
    }
}

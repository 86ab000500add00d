using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>
/// Consumer's side of a ring in shared memory. The protocol stands above <c>native/include/chrono_ring.h</c>; what is
/// added here is distrust. The producers' process can write anything anywhere in the mapping at any time, so: positions
/// are this object's own and never read back; the tail is checked at every reading; each length is read once, and
/// checked, and only the value read is used; a broken ring throws <see cref="Status.Corrupt"/> and stays where it is. A
/// span that <see cref="Committed"/> returned can still change: who copies it must check the copy's lengths again.
/// </summary>
/// <remarks>
/// Threads: <see cref="Committed"/>, <see cref="Consume"/> and <see cref="SkipAbandoned"/> from the one consumer
/// thread; <see cref="Dispose"/> when that has let go; everything else from any. <see cref="Committed"/> beats, too.
/// </remarks>
public sealed unsafe partial class SharedRing : IRecordingRing, IMirroredRing
{
    // A quarter of what the producers allow between two beats (CHRONO_CONSUMER_BEAT_NS).
    private const long BeatMilliseconds = 250;

    // Asking for a process costs a system call, so its death is noticed this late at most.
    private const long WatchMilliseconds = 50;

    private readonly RingHandle handle;
    private readonly SharedRingHost host;
    private readonly ProcessWatch? producer;
    private readonly Lock mapping = new();
    private readonly byte* header;
    private readonly byte* data;
    private readonly int recordBytesMax;

    private long position;
    private long durable;
    private int offered;
    private bool producerAlive;
    private long lastBeat;
    private long lastWatch;
    private bool disposed;

    internal SharedRing(
        SharedRingHost host, RingHandle handle, string path, ulong clientId, ulong ringId, int producerPid,
        bool isMirror = false)
    {
        this.host = host;
        this.handle = handle;
        IsMirror = isMirror;
        (Path, ClientId, RingId, CapacityBytes) = (path, clientId, ringId, handle.Capacity);
        header = (byte*)handle.Header;
        data = (byte*)handle.Data;
        recordBytesMax = RingLayout.RecordBytesMaxFor(CapacityBytes);
        producerAlive = producerPid >= 0; // negative: the pid is another process's by now
        if (producerPid > 0 && !isMirror)
        {
            producer = ProcessWatch.Open(producerPid, out int status);
            producerAlive = status != NativeStatus.Closed;
        }
    }

    public ulong RingId { get; }

    public ulong ClientId { get; }

    public string Path { get; }

    public long CapacityBytes { get; }

    public bool IsMirror { get; }

    public long Consumed => Volatile.Read(ref position);

    public long Durable => Volatile.Read(ref durable);

    /// <summary>
    /// As the producers say, within what is possible; it is the consumer's reading that reports a broken ring.
    /// </summary>
    public long Tail
    {
        get
        {
            lock (mapping)
            {
                ulong tail = disposed ? 0 : RawTail() & ~RingLayout.TailClosed;
                long consumed = Consumed;
                return Math.Clamp((long)tail, consumed, consumed + CapacityBytes);
            }
        }
    }

    public bool ProducerAlive
    {
        get
        {
            lock (mapping)
            {
                long now = Environment.TickCount64;
                if (!disposed && producerAlive && producer is not null && now - lastWatch >= WatchMilliseconds)
                {
                    lastWatch = now;
                    producerAlive = producer.IsAlive;
                }

                return producerAlive;
            }
        }
    }

    public bool ProducerClosed
    {
        get
        {
            lock (mapping)
            {
                return !disposed && RawTail() >= RingLayout.TailClosed
                    && Volatile.Read(ref *(uint*)(header + RingLayout.ProducerStateOffset)) == RingLayout.StateClosed;
            }
        }
    }

    public ReadOnlySpan<byte> Committed(int maxBytes)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        Beat();
        offered = 0;
        while (true)
        {
            long available = CheckedTail() - position;
            if (available == 0)
            {
                return default;
            }

            int offset = (int)(position & (CapacityBytes - 1));
            int limit = (int)Math.Min(available, CapacityBytes - offset);
            offered = Walk(position, limit, maxBytes);
            if (offered != 0)
            {
                return new ReadOnlySpan<byte>(data + offset, offered);
            }

            // Ends after two rounds: padding leads to the start of the data, and padding there is a broken ring.
            if (!TryPassPadding(offset, limit))
            {
                return default;
            }
        }
    }

    public void Consume(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, offered);
        if (bytes != 0)
        {
            offered -= bytes;
            Advance(bytes);
        }
    }

    public int SkipAbandoned()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        offered = 0;

        // Final, also against a producer that was taken for dead and is not: it can reserve nothing any more, and what
        // it still writes lies where nobody will look again.
        handle.Fence();
        long start = position;
        long end = CheckedTail();
        while (position < end)
        {
            int offset = (int)(position & (CapacityBytes - 1));
            int limit = (int)Math.Min(end - position, CapacityBytes - offset);
            int length = Volatile.Read(ref *(int*)(data + offset));
            if (length > 0)
            {
                break;
            }

            Advance(length == 0 ? UnmarkedBytes(data + offset, limit) : AbandonedBytes(length, limit));
        }

        return (int)(position - start);
    }

    public void PublishDurable(long position)
    {
        lock (mapping)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(position, this.position);
            if (!disposed && position > durable)
            {
                Volatile.Write(ref durable, position);
                Volatile.Write(ref *(long*)(header + RingLayout.DurableOffset), position);
                WakeWaiters();
            }
        }
    }

    public void Beat()
    {
        long now = Environment.TickCount64;
        if (now - lastBeat < BeatMilliseconds)
        {
            return;
        }

        lock (mapping)
        {
            lastBeat = now;
            if (!disposed)
            {
                Volatile.Write(ref *(ulong*)(header + RingLayout.HeartbeatOffset), ClockHandle.MonotonicNanoseconds);
            }
        }
    }

    public void CloseToProducers()
    {
        lock (mapping)
        {
            if (!disposed)
            {
                handle.Fence();
            }
        }
    }

    /// <summary>Fences the ring, removes the file, and gives the memory back.</summary>
    public void Dispose() => End(isLeft: false);

    public void Leave() => End(isLeft: true);

    private void End(bool isLeft)
    {
        lock (mapping)
        {
            if (disposed)
            {
                return;
            }

            if (!isLeft)
            {
                handle.Fence();
            }

            disposed = true;
            offered = 0;
            handle.Dispose();
        }

        producer?.Dispose();
        host.Release(this, isLeft);
    }

    /// <summary>
    /// Says how far, zeroes, then publishes, then wakes: the order that the producers, and a restart, rely on.
    /// </summary>
    private void Advance(int bytes)
    {
        int offset = (int)(position & (CapacityBytes - 1));
        Volatile.Write(ref *(long*)(header + RingLayout.ConsumingOffset), position + bytes);
        if (!X86Base.IsSupported)
        {
            // A client that leaves the ring under our hands (chrono_recorder_move_ring) must not see zeros before it.
            Interlocked.MemoryBarrier();
        }

        new Span<byte>(data + offset, bytes).Clear();
        Volatile.Write(ref position, position + bytes);
        Volatile.Write(ref *(long*)(header + RingLayout.ConsumedOffset), position);
        WakeWaiters();
    }

    private void WakeWaiters()
    {
        // Full: the position must be visible before the waiters are counted, or a producer that
        // counts itself now sleeps on.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref *(uint*)(header + RingLayout.WaitersOffset)) != 0)
        {
            handle.Wake();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong RawTail() => Volatile.Read(ref *(ulong*)(header + RingLayout.TailOffset));
}

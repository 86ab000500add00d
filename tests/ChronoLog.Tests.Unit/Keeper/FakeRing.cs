using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>
/// A ring without wrap: the test is its producer. Thread-safe only where a test needs it: not at all.
/// </summary>
internal sealed class FakeRing(ulong clientId, ulong ringId, long capacity, bool isMirror = false) : IRecordingRing
{
    private readonly byte[] bytes = new byte[1 << 20];
    private long committed;
    private long tail;

    public ulong RingId => ringId;

    public ulong ClientId => clientId;

    public string Path => $"/memory/ring-{ringId}";

    public long CapacityBytes => capacity;

    public bool IsMirror => isMirror;

    public long Consumed { get; private set; }

    public long Tail => tail;

    public bool ProducerAlive { get; set; } = true;

    public bool ProducerClosed { get; set; }

    public bool IsClosed { get; private set; }

    public bool IsDisposed { get; private set; }

    public long Durable { get; private set; }

    public int Beats { get; private set; }

    /// <summary>Thrown by the next look at the ring.</summary>
    public ChronoLogException? Defect { get; set; }

    public void Record(ulong storyId, ulong tick, uint index, string record)
    {
        int length = RecordFrame.Write(
            bytes.AsSpan((int)tail), storyId, tick, index, System.Text.Encoding.UTF8.GetBytes(record));
        tail += length;
        committed = tail;
    }

    /// <summary>Committed bytes that are no frame: a length changed after the ring's own check.</summary>
    public void RecordRaw(ReadOnlySpan<byte> raw)
    {
        raw.CopyTo(bytes.AsSpan((int)tail));
        tail += raw.Length;
        committed = tail;
    }

    public bool TryFeed(long from, ReadOnlySpan<byte> fed)
    {
        if (from != tail || IsClosed)
        {
            return false;
        }

        RecordRaw(fed);
        return true;
    }

    /// <summary>Reserves and never commits.</summary>
    public void Reserve(int length) => tail += length;

    /// <summary>Commits what was reserved last, as one event.</summary>
    public void CommitReserved(ulong storyId, ulong tick, uint index, string record)
    {
        tail = committed;
        Record(storyId, tick, index, record);
    }

    public ReadOnlySpan<byte> Committed(int maxBytes)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Defect is { } defect)
        {
            throw defect;
        }

        int length = 0;
        while (Consumed + length < committed)
        {
            int frame = RecordFrame.AlignedLength(RecordFrame.Length(bytes.AsSpan((int)Consumed + length)));
            if (frame <= 0 || (length > 0 && length + frame > maxBytes))
            {
                break;
            }

            length += frame;
        }

        return bytes.AsSpan((int)Consumed, length);
    }

    public void Consume(int count) => Consumed += count;

    public int SkipAbandoned()
    {
        int skipped = (int)(tail - Consumed);
        Consumed = committed = tail;
        return skipped;
    }

    public void Beat() => Beats++;

    public void CloseToProducers() => IsClosed = true;

    public void PublishDurable(long position) => Durable = position;

    public bool IsLeft { get; private set; }

    public void Leave() => IsLeft = true;

    public void Dispose() => IsDisposed = true;
}

internal sealed class FakeRingHost : IRingHost
{
    public List<FakeRing> Rings { get; } = [];

    /// <summary>What an earlier process left.</summary>
    public List<ReattachedRing> Left { get; } = [];

    /// <summary>The positions that the journal knew.</summary>
    public IReadOnlyDictionary<ulong, long> Journaled { get; private set; } = new Dictionary<ulong, long>();

    public ulong ProcessId { get; private set; }

    public void Identify(ulong processId, ulong epoch) => ProcessId = processId;

    public ReattachedRings Reattach(IReadOnlyDictionary<ulong, long> journaled)
    {
        Journaled = new Dictionary<ulong, long>(journaled);
        return new ReattachedRings(Left, []);
    }

    public IRecordingRing Create(
        ulong clientId, ulong ringId, int producerPid, long capacityBytes, bool isMirror = false)
    {
        var ring = new FakeRing(clientId, ringId, capacityBytes, isMirror);
        Rings.Add(ring);
        return ring;
    }
}

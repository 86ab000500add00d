using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>A journal in memory: segments of a small size, a quota in segments, syncs that a test can fail.</summary>
internal sealed class FakeJournal(int segmentBytes = 4096, int segmentsMax = 1000) : IJournal
{
    private readonly List<FakeSegment> segments = [];
    private FakeSegment? active;
    private int used;

    /// <summary>Segments that are referenced.</summary>
    public int SegmentsAlive => segments.Count;

    /// <summary>Segments that the last holder let go of.</summary>
    public int SegmentsDeleted { get; private set; }

    public IOException? SyncFailure { get; set; }

    /// <summary>Called by the writer when a batch is appended and not yet indexed.</summary>
    public Action? BetweenAppendAndIndex { get; set; }

    public ulong ProcessId { get; private set; }

    public long BytesUsed => segments.Count * (long)segmentBytes;

    public long BytesQuota => (long)segmentsMax * segmentBytes;

    public long Appended { get; private set; }

    public long Synced { get; private set; }

    public int BatchBytesMax => segmentBytes;

    public JournalState State => segments.Count < segmentsMax ? JournalState.Ready : JournalState.QuotaReached;

    public string? Trouble => null;

    /// <summary>What an earlier run left.</summary>
    public JournalRecovery Recovery { get; set; } = JournalRecovery.Nothing;

    public JournalRecovery Recover(RecoveredBatchTaker take) => Recovery;

    public void Identify(ulong processId, ulong epoch) => ProcessId = processId;

    public bool TryAppend(in BatchOrigin origin, ReadOnlySpan<byte> frames, out JournalSpan copy)
    {
        copy = default;
        if (active is null || used + frames.Length > segmentBytes)
        {
            if (segments.Count >= segmentsMax)
            {
                return false;
            }

            Rotate();
        }

        frames.CopyTo(active!.Bytes.AsSpan(used));
        copy = new JournalSpan(active, active.Address + used, frames.Length, ++Appended);
        active.Batches.Add((origin, used, frames.Length));
        used += frames.Length;
        BetweenAppendAndIndex?.Invoke();
        return true;
    }

    /// <summary>Ends the active segment, as a full one would.</summary>
    public void Rotate()
    {
        active?.Release();
        active = new FakeSegment(this, segmentBytes);
        segments.Add(active);
        used = 0;
    }

    public void Revisit(RecoveredBatchTaker take)
    {
        foreach (FakeSegment segment in segments.ToList())
        {
            segment.Batches.ForEach(batch => take(
                batch.Origin, new JournalSpan(segment, segment.Address + batch.Offset, batch.Length, 0)));
        }
    }

    public long Sync()
    {
        if (SyncFailure is { } failure)
        {
            throw failure;
        }

        return Synced = Appended;
    }

    public int Prepare() => 0;

    public void Dispose() => active?.Release();

    private sealed unsafe class FakeSegment : PayloadBlock
    {
        private readonly FakeJournal owner;

        public FakeSegment(FakeJournal owner, int length)
        {
            this.owner = owner;
            Bytes = GC.AllocateArray<byte>(length, pinned: true);
            fixed (byte* first = Bytes)
            {
                Address = (nint)first;
            }
        }

        public byte[] Bytes { get; }

        public List<(BatchOrigin Origin, int Offset, int Length)> Batches { get; } = [];

        public override nint Address { get; }

        public override long Length => Bytes.Length;

        protected override void Free()
        {
            owner.segments.Remove(this);
            owner.SegmentsDeleted++;
            Bytes.AsSpan().Fill(0xDD); // a late reader sees it
        }
    }
}

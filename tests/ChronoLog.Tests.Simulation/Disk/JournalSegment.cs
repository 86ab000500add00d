using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>A segment: a file of the node, mapped by the Keeper that wrote it.</summary>
public sealed unsafe class JournalSegment : PayloadBlock
{
    private readonly Action<JournalSegment> unreferenced;

    public JournalSegment(int length, ulong processId, ulong epoch, Action<JournalSegment> unreferenced)
    {
        this.unreferenced = unreferenced;
        ProcessId = processId;
        Epoch = epoch;
        Bytes = GC.AllocateArray<byte>(length, pinned: true);
        fixed (byte* first = Bytes)
        {
            Address = (nint)first;
        }
    }

    public ulong ProcessId { get; }

    public ulong Epoch { get; }

    public byte[] Bytes { get; }

    public override nint Address { get; }

    public override long Length => Bytes.Length;

    public int Used { get; set; }

    public List<JournalBatch> Batches { get; } = [];

    /// <summary>Its device has failed: nothing more is written or synced here.</summary>
    public bool IsFailed { get; set; }

    /// <summary>The file as the next process maps it.</summary>
    public JournalSegment Reopen(Action<JournalSegment> whenUnreferenced)
    {
        var again = new JournalSegment(Bytes.Length, ProcessId, Epoch, whenUnreferenced) { Used = Used };
        Bytes.CopyTo(again.Bytes, 0);
        again.Batches.AddRange(Batches);
        return again;
    }

    protected override void Free() => unreferenced(this);
}

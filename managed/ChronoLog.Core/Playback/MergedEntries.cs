using System.Buffers;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Playback;

/// <summary>
/// A rented array of entries that lives as long as the run made of it, together with the runs that its entries point
/// into. Rented, because an array of this size would be garbage of the large object heap for every block merged.
/// </summary>
internal sealed class MergedEntries : PayloadBlock
{
    private readonly RunSetBlock records;

    /// <param name="count">Least length of <see cref="Entries"/>.</param>
    /// <param name="records">A reference is added.</param>
    public MergedEntries(int count, RunSetBlock records)
    {
        Entries = ArrayPool<EventEntry>.Shared.Rent(count);
        this.records = records;
        records.AddReference();
    }

    public EventEntry[] Entries { get; private set; }

    public override nint Address => 0;

    public override long Length => 0;

    protected override void Free()
    {
        EventEntry[] entries = Entries;
        Entries = [];
        ArrayPool<EventEntry>.Shared.Return(entries);
        records.Release();
    }
}

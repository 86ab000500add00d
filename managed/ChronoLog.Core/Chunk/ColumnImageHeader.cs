namespace ChronoLog.Core.Chunk;

/// <summary>What an image says about itself; the layout is <see cref="ColumnImageDescriptor"/>'s.</summary>
/// <param name="StoryId">The story.</param>
/// <param name="StartTime">Every event is at or after it.</param>
/// <param name="EndTime">
/// Every event is before it; 2^64 - 1 stands for the end of time and includes the last tick.
/// </param>
/// <param name="Flags">What the image holds.</param>
/// <param name="ProcessId">Who made it: with epoch and sequence the identity of a partial chunk. 0 in a page.</param>
/// <param name="Epoch">Start of that process, ChronoTick.</param>
/// <param name="Sequence">That process's own number for it.</param>
/// <param name="Watermark">Below this tick the story was complete when the image was made; 0 = not stated.</param>
public readonly record struct ColumnImageHeader(
    ulong StoryId, ulong StartTime, ulong EndTime, ColumnImageFlags Flags = ColumnImageFlags.None,
    ulong ProcessId = 0, ulong Epoch = 0, ulong Sequence = 0, ulong Watermark = 0)
{
    /// <summary>Events. Filled in by the writer.</summary>
    public int Count { get; init; }

    /// <summary>Records are preceded by arrival stamps.</summary>
    public bool IsStamped => (Flags & ColumnImageFlags.Stamped) != 0;

    /// <summary>Bytes of all records, arrival stamps included. Filled in by the writer.</summary>
    public long RecordBytes { get; init; }

    /// <summary>Tick of the first event; 0 when there is none. Filled in by the writer.</summary>
    public ulong FirstTime { get; init; }

    /// <summary>Tick of the last event; 0 when there is none. Filled in by the writer.</summary>
    public ulong LastTime { get; init; }
}

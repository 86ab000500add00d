namespace ChronoLog.Core.Chunk;

/// <summary>What an image says about itself. The writer fills in count, recordBytes, firstTime and lastTime.</summary>
public readonly record struct ColumnImageHeader(
    ulong StoryId, ulong StartTime, ulong EndTime, ColumnImageFlags Flags = ColumnImageFlags.None,
    ulong ProcessId = 0, ulong Epoch = 0, ulong Sequence = 0, ulong Watermark = 0)
{
    public int Count { get; init; }
    public long RecordBytes { get; init; }
    public ulong FirstTime { get; init; }
    public ulong LastTime { get; init; }
}

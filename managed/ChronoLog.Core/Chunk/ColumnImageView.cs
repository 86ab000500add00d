namespace ChronoLog.Core.Chunk;

/// <summary>A validated image: its columns, in place.</summary>
public readonly ref struct ColumnImageView
{
    public ColumnImageHeader Header { get; init; }
    public ReadOnlySpan<ulong> EventTime { get; init; }
    public ReadOnlySpan<ulong> ClientId { get; init; }
    public ReadOnlySpan<ulong> RecordOffset { get; init; }
    public ReadOnlySpan<uint> EventIndex { get; init; }
    public ReadOnlySpan<byte> Records { get; init; }
}

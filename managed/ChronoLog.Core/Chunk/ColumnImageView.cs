using System.Buffers.Binary;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>A validated image: its columns, in place. Valid as long as the bytes it was parsed from.</summary>
public readonly ref struct ColumnImageView
{
    public ColumnImageHeader Header { get; init; }

    /// <summary>N ticks, in order of EventSequence.</summary>
    public ReadOnlySpan<ulong> EventTime { get; init; }

    /// <summary>N clients.</summary>
    public ReadOnlySpan<ulong> ClientId { get; init; }

    /// <summary>N + 1 offsets into <see cref="Records"/>, from 0 to its length.</summary>
    public ReadOnlySpan<ulong> RecordOffset { get; init; }

    /// <summary>N indices.</summary>
    public ReadOnlySpan<uint> EventIndex { get; init; }

    /// <summary>All records, one behind the other.</summary>
    public ReadOnlySpan<byte> Records { get; init; }

    /// <summary>Record of the event at the index.</summary>
    public ReadOnlySpan<byte> Record(int index)
    {
        int start = (int)RecordOffset[index] + (Header.IsStamped ? EventEntry.StampLength : 0);
        return Records[start..(int)RecordOffset[index + 1]];
    }

    /// <summary>Arrival stamp of the event at the index; 0 when it has none.</summary>
    public ulong Arrival(int index) =>
        Header.IsStamped ? BinaryPrimitives.ReadUInt64LittleEndian(Records[(int)RecordOffset[index]..]) : 0;
}

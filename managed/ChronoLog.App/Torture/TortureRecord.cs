using System.Buffers.Binary;
using ChronoLog.Core.Chunk;

namespace ChronoLog.App.Torture;

/// <summary>A record that says who wrote it and as which one, and proves that it is whole. Little-endian.</summary>
/// <remarks>
/// <code>
///  0        4         8         12           16          24
///  +--------+---------+---------+------------+-----------+-------------------------------+
///  | "CLTR" | crc32c  | writer  | incarna-   | number    | filler: bytes that follow     |
///  | u32    | u32     | u32     | tion u32   | u64       | from writer and number        |
///  +--------+---------+---------+------------+-----------+-------------------------------+
/// </code>
/// The checksum covers everything behind it.
/// </remarks>
/// <param name="Writer">Number of the writer, from 0.</param>
/// <param name="Incarnation">How often the writer had been started before.</param>
/// <param name="Number">Consecutive from 0 in one incarnation.</param>
internal readonly record struct TortureRecord(int Writer, int Incarnation, long Number)
{
    public const int LengthMin = 24;

    private const uint Magic = 0x5254_4C43; // "CLTR"
    private const int CrcOffset = 4;
    private const int WriterOffset = 8;
    private const int IncarnationOffset = 12;
    private const int NumberOffset = 16;

    public void Write(Span<byte> record)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(record[WriterOffset..], Writer);
        BinaryPrimitives.WriteInt32LittleEndian(record[IncarnationOffset..], Incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(record[NumberOffset..], Number);
        for (int at = LengthMin; at < record.Length; at++)
        {
            record[at] = (byte)((Writer * 31) + (Number * 7) + at);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(record[CrcOffset..], Crc32C.Compute(record[WriterOffset..]));
    }

    /// <summary>False when it is none of ours.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<byte> record) =>
        record.Length >= LengthMin && BinaryPrimitives.ReadUInt32LittleEndian(record) == Magic;

    /// <summary>False when it is damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> record, out TortureRecord read)
    {
        read = default;
        if (!LooksLikeOne(record)
            || BinaryPrimitives.ReadUInt32LittleEndian(record[CrcOffset..]) != Crc32C.Compute(record[WriterOffset..]))
        {
            return false;
        }

        read = new TortureRecord(
            BinaryPrimitives.ReadInt32LittleEndian(record[WriterOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[IncarnationOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[NumberOffset..]));
        return true;
    }
}

using System.Buffers.Binary;
using ChronoLog.Core.Chunk;

namespace ChronoLog.Store.Journal;

/// <summary>First page of a segment file: whose it is. Owns the offsets.</summary>
/// <remarks>
/// A segment file. Batches are aligned to 64 bytes, so that a header never crosses a cache line and a torn file can be
/// searched for the next one.
/// <code>
///  0               4096         dataStart                                              segment bytes
///  +---------------+- - - - - - +--------------+---------+--------------+---------+- - -+
///  | segment       | (rewritten | batch header | frames, | batch header | frames, | 0   |
///  | header (page) | files only)| 64 bytes     | pad     | 64 bytes     | pad     |     |
///  +---------------+- - - - - - +--------------+---------+--------------+---------+- - -+
/// </code>
/// The header, little-endian, the rest of its page is zero:
/// <code>
///  0           8           12       16           24       32          40             48           56
///  +-----------+-----------+--------+------------+--------+-----------+--------------+------------+
///  | magic u64 | version   | tag    | processId  | epoch  | sequence  | segmentBytes | dataStart  |
///  |           | u32       | u32    | u64        | u64    | i64       | i64          | i64        |
///  +-----------+-----------+--------+------------+--------+-----------+--------------+------------+
///  56             64            72         76
///  +--------------+-------------+----------+
///  | rewriteOf    | firstNumber | crc32c   |   crc32c covers bytes 0..71
///  | i64, 0 = not | i64         | u32      |
///  +--------------+-------------+----------+
/// </code>
/// The tag stands in every batch header too: what an earlier use of a recycled file left behind carries another one.
/// </remarks>
/// <param name="Tag">Stamp of the batches that belong to this segment.</param>
/// <param name="ProcessId">The Keeper's, issued by the Visor.</param>
/// <param name="Epoch">The Keeper's start, ChronoTick.</param>
/// <param name="Sequence">Number of the segment within its directory, from 1; also in the file's name.</param>
/// <param name="SegmentBytes">Length of the file.</param>
/// <param name="DataStart">Offset of the first batch.</param>
/// <param name="RewriteOf">Sequence of the segment whose device failed and whose batches were written again here; 0 =
/// none.</param>
/// <param name="FirstNumber">Number that the first batch has or would have.</param>
public readonly record struct SegmentHeader(
    uint Tag, ulong ProcessId, ulong Epoch, long Sequence, long SegmentBytes, long DataStart, long RewriteOf,
    long FirstNumber)
{
    /// <summary>Bytes of the header page.</summary>
    public const int PageLength = 4096;

    public const uint CurrentVersion = 1;

    private const ulong Magic = 0x314C_4E4A_4F52_4843; // "CHROJNL1"
    private const int VersionOffset = 8;
    private const int TagOffset = 12;
    private const int ProcessIdOffset = 16;
    private const int EpochOffset = 24;
    private const int SequenceOffset = 32;
    private const int SegmentBytesOffset = 40;
    private const int DataStartOffset = 48;
    private const int RewriteOfOffset = 56;
    private const int FirstNumberOffset = 64;
    private const int CrcOffset = 72;
    private const int Length = 76;

    /// <summary>The stamp of a new segment: differs for every process, epoch and sequence, up to chance.</summary>
    public static uint MakeTag(ulong processId, ulong epoch, long sequence)
    {
        Span<byte> identity = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(identity, processId);
        BinaryPrimitives.WriteUInt64LittleEndian(identity[8..], epoch);
        BinaryPrimitives.WriteInt64LittleEndian(identity[16..], sequence);
        return Crc32C.Compute(identity) | 1; // never 0, which fresh files are full of
    }

    public void Write(Span<byte> page)
    {
        page[..PageLength].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(page[VersionOffset..], CurrentVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(page[TagOffset..], Tag);
        BinaryPrimitives.WriteUInt64LittleEndian(page[ProcessIdOffset..], ProcessId);
        BinaryPrimitives.WriteUInt64LittleEndian(page[EpochOffset..], Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(page[SequenceOffset..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(page[SegmentBytesOffset..], SegmentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(page[DataStartOffset..], DataStart);
        BinaryPrimitives.WriteInt64LittleEndian(page[RewriteOfOffset..], RewriteOf);
        BinaryPrimitives.WriteInt64LittleEndian(page[FirstNumberOffset..], FirstNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(page[CrcOffset..], Crc32C.Compute(page[..CrcOffset]));
    }

    /// <summary>False when the page holds no header of this format, or a damaged one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> page, long fileBytes, out SegmentHeader header)
    {
        header = default;
        if (page.Length < Length
            || BinaryPrimitives.ReadUInt64LittleEndian(page) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(page[CrcOffset..]) != Crc32C.Compute(page[..CrcOffset])
            || BinaryPrimitives.ReadUInt32LittleEndian(page[VersionOffset..]) != CurrentVersion)
        {
            return false;
        }

        header = new SegmentHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(page[TagOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(page[ProcessIdOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(page[EpochOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(page[SequenceOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(page[SegmentBytesOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(page[DataStartOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(page[RewriteOfOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(page[FirstNumberOffset..]));
        return header.SegmentBytes >= PageLength
            && header.SegmentBytes <= fileBytes
            && header.FirstNumber > 0
            && header.DataStart >= PageLength
            && header.DataStart % BatchHeader.Alignment == 0;
    }
}

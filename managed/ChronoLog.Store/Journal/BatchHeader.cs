using System.Buffers.Binary;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;

namespace ChronoLog.Store.Journal;

/// <summary>What stands before the frames of one batch. Owns the offsets.</summary>
/// <remarks>
/// 64 bytes, little-endian:
/// <code>
///  0        4              6        8             12        16          24         32
///  +--------+--------------+--------+-------------+---------+-----------+----------+
///  | magic  | headerLength | flags  | byteLength  | unsynced| number    | clientId |
///  | u32    | u16 = 64     | u16    | u32, frames | u32     | i64       | u64      |
///  +--------+--------------+--------+-------------+---------+-----------+----------+
///  32         40              48          56       60        64
///  +----------+---------------+-----------+--------+---------+
///  | ringId   | ringPosition  | arrival   | tag    | crc32c  |  crc32c covers bytes 0..59 and the frames
///  | u64      | i64           | u64       | u32    | u32     |
///  +----------+---------------+-----------+--------+---------+
/// </code>
/// <c>flags</c> bit 0: the seal, a batch without frames that ends a full segment and
/// repeats the last number. <c>unsynced</c>: how many batches up to
/// and including this one were not known to be on the device when it was written. A hole that is older than that was
/// damaged after its sync; a younger one is what a power cut leaves. The number of frames is not stored: a walk gives
/// it.
/// </remarks>
/// <param name="ByteLength">Bytes of frames.</param>
/// <param name="Unsynced">See the remarks.</param>
/// <param name="Number">Consecutive over all segments of one epoch, from 1.</param>
/// <param name="Origin">Whose frames they are.</param>
/// <param name="Tag">The segment's.</param>
/// <param name="IsSeal">Ends the segment.</param>
public readonly record struct BatchHeader(
    int ByteLength, uint Unsynced, long Number, BatchOrigin Origin, uint Tag, bool IsSeal)
{
    public const int Length = 64;
    public const int Alignment = 64;

    private const uint Magic = 0x424A_4C43; // "CLJB"
    private const ushort SealFlag = 1;
    private const int HeaderLengthOffset = 4;
    private const int FlagsOffset = 6;
    private const int ByteLengthOffset = 8;
    private const int UnsyncedOffset = 12;
    private const int NumberOffset = 16;
    private const int ClientIdOffset = 24;
    private const int RingIdOffset = 32;
    private const int RingPositionOffset = 40;
    private const int ArrivalOffset = 48;
    private const int TagOffset = 56;
    private const int CrcOffset = 60;

    /// <summary>Bytes that a batch occupies, header and padding included.</summary>
    public static long Footprint(int byteLength) =>
        (Length + (long)byteLength + (Alignment - 1)) & ~(long)(Alignment - 1);

    /// <summary>Completes a batch whose frames already stand behind the header's place.</summary>
    /// <param name="batch">Header and frames.</param>
    public void Seal(Span<byte> batch)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(batch[HeaderLengthOffset..], Length);
        BinaryPrimitives.WriteUInt16LittleEndian(batch[FlagsOffset..], IsSeal ? SealFlag : (ushort)0);
        BinaryPrimitives.WriteInt32LittleEndian(batch[ByteLengthOffset..], ByteLength);
        BinaryPrimitives.WriteUInt32LittleEndian(batch[UnsyncedOffset..], Unsynced);
        BinaryPrimitives.WriteInt64LittleEndian(batch[NumberOffset..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(batch[ClientIdOffset..], Origin.ClientId);
        BinaryPrimitives.WriteUInt64LittleEndian(batch[RingIdOffset..], Origin.RingId);
        BinaryPrimitives.WriteInt64LittleEndian(batch[RingPositionOffset..], Origin.RingPosition);
        BinaryPrimitives.WriteUInt64LittleEndian(batch[ArrivalOffset..], Origin.Arrival);
        BinaryPrimitives.WriteUInt32LittleEndian(batch[TagOffset..], Tag);
        BinaryPrimitives.WriteUInt32LittleEndian(batch, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(batch[CrcOffset..], Checksum(batch));
    }

    /// <summary>Whether a header could begin here: cheap, and no proof.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= Length && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic;

    /// <summary>The tag of what <see cref="LooksLikeOne"/>.</summary>
    public static uint TagOf(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[TagOffset..]);

    /// <summary>The number of what <see cref="LooksLikeOne"/>.</summary>
    public static long NumberOf(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadInt64LittleEndian(bytes[NumberOffset..]);

    /// <summary>
    /// Reads the batch at the beginning of the bytes. False when none stands there whole and undamaged.
    /// </summary>
    /// <param name="bytes">From the header to the end of the segment.</param>
    /// <param name="tag">The segment's.</param>
    /// <param name="header">The batch.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, uint tag, out BatchHeader header)
    {
        header = default;
        if (!LooksLikeOne(bytes)
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[HeaderLengthOffset..]) != Length
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[TagOffset..]) != tag)
        {
            return false;
        }

        int byteLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[ByteLengthOffset..]);
        if (byteLength < 0
            || byteLength > bytes.Length - Length
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcOffset..]) != Checksum(bytes[..(Length + byteLength)]))
        {
            return false;
        }

        header = new BatchHeader(
            byteLength,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[UnsyncedOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[NumberOffset..]),
            new BatchOrigin(
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[ClientIdOffset..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[RingIdOffset..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[RingPositionOffset..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[ArrivalOffset..])),
            tag,
            (BinaryPrimitives.ReadUInt16LittleEndian(bytes[FlagsOffset..]) & SealFlag) != 0);
        return true;
    }

    private static uint Checksum(ReadOnlySpan<byte> batch) =>
        Crc32C.Append(Crc32C.Compute(batch[..CrcOffset]), batch[Length..]);
}

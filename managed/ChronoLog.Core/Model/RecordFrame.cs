using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChronoLog.Core.Model;

/// <summary>
/// One event as it lies in a ring and, copied verbatim, in the journal. Owns the offsets; the C twin is
/// <c>native/include/chrono_ring.h</c>.
/// </summary>
/// <remarks>
/// <code>
///  0           4            8            16          24
///  +-----------+------------+------------+-----------+------------- - - -+---------+
///  | length    | eventIndex | eventTime  | storyId   | logRecord         | pad to 8|
///  | i32       | u32        | u64        | u64       |                   |         |
///  +-----------+------------+------------+-----------+------------- - - -+---------+
/// </code>
/// <c>length</c> is the commit word: 0 = not yet reserved or being reserved, negative = reserved and being written,
/// positive = committed; the value counts header and record, without the padding. With <see cref="PaddingFlag"/> set
/// the frame is padding up to the end of the ring: only its first 8 bytes exist for certain.
/// </remarks>
public static class RecordFrame
{
    public const int LengthOffset = 0;
    public const int EventIndexOffset = 4;
    public const int EventTimeOffset = 8;
    public const int StoryIdOffset = 16;
    public const int HeaderLength = 24;
    public const int Alignment = 8;

    /// <summary>Set in the length of a frame that carries no event.</summary>
    public const int PaddingFlag = 0x4000_0000;

    /// <summary>
    /// Set in the length of a frame of the journal whose record is preceded by an arrival stamp, which the length counts.
    /// No frame of a ring has it: whoever records cannot say when something arrived.
    /// </summary>
    public const int StampFlag = 0x2000_0000;

    /// <summary>Bytes that a frame of the given committed length occupies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AlignedLength(int length) => (length + (Alignment - 1)) & ~(Alignment - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Length(ReadOnlySpan<byte> frame) => Read<int>(frame, LengthOffset);

    /// <summary>The same of a frame of the journal, which may have an arrival stamp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int JournalLength(ReadOnlySpan<byte> frame, out bool isStamped)
    {
        int length = Read<int>(frame, LengthOffset);
        isStamped = length > StampFlag;
        return isStamped ? length - StampFlag : length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint EventIndex(ReadOnlySpan<byte> frame) => Read<uint>(frame, EventIndexOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong EventTime(ReadOnlySpan<byte> frame) => Read<ulong>(frame, EventTimeOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong StoryId(ReadOnlySpan<byte> frame) => Read<ulong>(frame, StoryIdOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Read<T>(ReadOnlySpan<byte> frame, int offset)
        where T : unmanaged
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("ChronoLog's memory formats are little-endian");
        }

        return MemoryMarshal.Read<T>(frame[offset..]);
    }

    /// <summary>Writes a committed frame; for tests and tools (the hot path writes it in C).</summary>
    public static int Write(
        Span<byte> target, ulong storyId, ulong eventTime, uint eventIndex, ReadOnlySpan<byte> record)
    {
        int length = HeaderLength + record.Length;
        int aligned = AlignedLength(length);
        target[..aligned].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(target[LengthOffset..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[EventIndexOffset..], eventIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(target[EventTimeOffset..], eventTime);
        BinaryPrimitives.WriteUInt64LittleEndian(target[StoryIdOffset..], storyId);
        record.CopyTo(target[HeaderLength..]);
        return aligned;
    }
}

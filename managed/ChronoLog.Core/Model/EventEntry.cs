using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChronoLog.Core.Model;

/// <summary>
/// Index entry of one event: its identity and where its record lies. The record itself is not copied: it stays in a
/// <see cref="PayloadBlock"/> (a journal segment, a pulled slab, a mapped column), which whoever
/// holds entries keeps alive.
/// </summary>
/// <remarks>
/// 32 bytes, so that two share a cache line:
/// <code>
///  0        8         16        24          28       32
///  +--------+---------+---------+-----------+--------+
///  | time   | client  | address | index u32 | length |
///  +--------+---------+---------+-----------+--------+
/// </code>
/// Bit 30 of the length says that an arrival stamp lies in the 8 bytes before the record: only events of chronicles with
/// the collision policy <c>ordering</c> have one, and no entry grows for it.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public readonly struct EventEntry(
    ulong eventTime, ulong clientId, uint eventIndex, nint address, int length, bool isStamped = false)
{
    /// <summary>Bytes of an arrival stamp.</summary>
    public const int StampLength = 8;

    private const int StampFlag = 0x4000_0000;

    public readonly ulong EventTime = eventTime;
    public readonly ulong ClientId = clientId;
    public readonly nint Address = address;
    public readonly uint EventIndex = eventIndex;
    private readonly int lengthAndFlag = isStamped ? length | StampFlag : length;

    /// <summary>Bytes of the record.</summary>
    public int Length => lengthAndFlag & ~StampFlag;

    /// <summary>An arrival stamp lies before the record.</summary>
    public bool IsStamped => (lengthAndFlag & StampFlag) != 0;

    /// <summary>
    /// When the event arrived at its Keeper: ChronoTick, different for all events of one ingestion thread; 0 = not known.
    /// Valid as long as <see cref="LogRecord"/>.
    /// </summary>
    public unsafe ulong Arrival => IsStamped ? Unsafe.ReadUnaligned<ulong>((void*)(Address - StampLength)) : 0;

    public EventSequence Sequence => new(EventTime, ClientId, EventIndex);

    /// <summary>The record's bytes. Valid only while the block that holds them is referenced.</summary>
    public unsafe ReadOnlySpan<byte> LogRecord => new((void*)Address, Length);

    /// <summary>Order by EventSequence: negative, zero, positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compare(in EventEntry left, in EventEntry right)
    {
        if (left.EventTime != right.EventTime)
        {
            return left.EventTime < right.EventTime ? -1 : 1;
        }

        return CompareTies(left, right);
    }

    private static int CompareTies(in EventEntry left, in EventEntry right)
    {
        int order = left.ClientId.CompareTo(right.ClientId);
        return order != 0 ? order : left.EventIndex.CompareTo(right.EventIndex);
    }
}

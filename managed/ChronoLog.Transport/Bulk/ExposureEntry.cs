using System.Runtime.InteropServices;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// What a puller reads first, by RMA, from the owner's <see cref="ExposureTable"/>: whether the region is still open, and
/// where it lies.
/// </summary>
/// <remarks>
/// One cache line, little-endian:
/// <code>
///  0     8            16               24       32      40         64
///  +-----+------------+----------------+--------+-------+----------+
///  | key | region key | remote address | length | check | reserved |
///  +-----+------------+----------------+--------+-------+----------+
/// </code>
/// The owner changes an entry while others may be reading it, and nothing orders an RMA read: so the check covers the
/// fields, and a reader takes an entry whose check is wrong for one that is being changed. A closed entry is all zero.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal struct ExposureEntry
{
    internal const int Bytes = 64;

    /// <summary>Random, and the capability that the descriptor carries.</summary>
    internal ulong Key;

    /// <summary>Of the libfabric region.</summary>
    internal ulong RegionKey;

    /// <summary>Where the RMA read starts: a virtual address or an offset in the region, as the provider has it.</summary>
    internal ulong RemoteAddress;

    internal ulong Length;

    internal ulong Check;

    internal readonly bool IsClosed => Key == 0 && RegionKey == 0 && RemoteAddress == 0 && Length == 0 && Check == 0;

    internal readonly bool IsConsistent => Check == ComputeCheck();

    internal readonly ulong ComputeCheck() => Mix(Mix(Mix(Mix(Key) ^ RegionKey) ^ RemoteAddress) ^ Length) | 1;

    // The finaliser of MurmurHash3: every bit of the input changes about half of the output's.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
        value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
        return value ^ (value >> 33);
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// CRC-32C (Castagnoli, as in iSCSI and ext4). The processor's instruction takes 8 bytes per cycle but needs 3 cycles
/// for one, so three lanes run side by side, and are put together by tables that advance a checksum over a lane's
/// length of zeros (after Mark Adler's crc32c.c). Without the instruction <see cref="BitOperations"/> falls back to
/// tables.
/// </summary>
public static class Crc32C
{
    private const int LongLane = 4096;
    private const int ShortLane = 256;

    /// <summary>The polynomial, reflected.</summary>
    private const uint Polynomial = 0x82F63B78;

    private static readonly uint[] LongShift = MakeShift(LongLane);
    private static readonly uint[] ShortShift = MakeShift(ShortLane);

    /// <summary>Checksum of the bytes; 0xE3069283 for "123456789".</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>Checksum of what <paramref name="crc"/> is the checksum of, followed by the bytes.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        uint state = ~crc;
        state = Lanes(state, ref data, LongLane, LongShift);
        state = Lanes(state, ref data, ShortLane, ShortShift);
        ref byte next = ref MemoryMarshal.GetReference(data);
        int index = 0;
        for (; index + 8 <= data.Length; index += 8)
        {
            state = BitOperations.Crc32C(state, Word(ref next, index));
        }

        for (; index < data.Length; index++)
        {
            state = BitOperations.Crc32C(state, Unsafe.Add(ref next, index));
        }

        return ~state;
    }

    private static uint Lanes(uint state, ref ReadOnlySpan<byte> data, int lane, uint[] shift)
    {
        while (data.Length >= 3 * lane)
        {
            ref byte first = ref MemoryMarshal.GetReference(data);
            ref byte second = ref Unsafe.Add(ref first, lane);
            ref byte third = ref Unsafe.Add(ref second, lane);
            uint a = state;
            uint b = 0;
            uint c = 0;
            for (int index = 0; index < lane; index += 8)
            {
                a = BitOperations.Crc32C(a, Word(ref first, index));
                b = BitOperations.Crc32C(b, Word(ref second, index));
                c = BitOperations.Crc32C(c, Word(ref third, index));
            }

            state = Shift(shift, Shift(shift, a) ^ b) ^ c;
            data = data[(3 * lane)..];
        }

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Word(ref byte start, int index)
    {
        ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, index));
        return BitConverter.IsLittleEndian ? word : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word);
    }

    private static uint Shift(uint[] table, uint crc) =>
        table[crc & 0xFF]
        ^ table[256 + ((crc >> 8) & 0xFF)]
        ^ table[512 + ((crc >> 16) & 0xFF)]
        ^ table[768 + (crc >> 24)];

    /// <summary>
    /// Four tables of 256: what each byte of a checksum becomes after so many zero bytes. The map is linear.
    /// </summary>
    private static uint[] MakeShift(int zeroBytes)
    {
        // Images of the 32 single bits; the map over one zero bit, squared until it covers all of them (a power
        // of two).
        var images = new uint[32];
        images[0] = Polynomial;
        for (int bit = 1; bit < 32; bit++)
        {
            images[bit] = 1u << (bit - 1);
        }

        for (int bits = 1; bits < zeroBytes * 8; bits *= 2)
        {
            var squared = new uint[32];
            for (int bit = 0; bit < 32; bit++)
            {
                squared[bit] = Apply(images, images[bit]);
            }

            images = squared;
        }

        var table = new uint[1024];
        for (int value = 0; value < 256; value++)
        {
            for (int position = 0; position < 4; position++)
            {
                table[(position * 256) + value] = Apply(images, (uint)value << (8 * position));
            }
        }

        return table;
    }

    private static uint Apply(uint[] images, uint crc)
    {
        uint sum = 0;
        for (int bit = 0; crc != 0; bit++, crc >>= 1)
        {
            if ((crc & 1) != 0)
            {
                sum ^= images[bit];
            }
        }

        return sum;
    }
}

using System.Buffers.Binary;
using ChronoLog.Core.Chunk;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>A record that says which one it is, filled up with bytes that follow from its number.</summary>
internal static class NumberedRecord
{
    public const int LengthMin = 12;

    public static void Write(Span<byte> record, int number)
    {
        for (int at = LengthMin; at < record.Length; at++)
        {
            record[at] = (byte)(number + at);
        }

        BinaryPrimitives.WriteInt32LittleEndian(record, number);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], record.Length);
        record[4..8].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Crc32C.Compute(record));
    }

    /// <summary>The number; null when not every byte is as it was written.</summary>
    public static int? Read(ReadOnlySpan<byte> record)
    {
        if (record.Length < LengthMin)
        {
            return null;
        }

        int number = BinaryPrimitives.ReadInt32LittleEndian(record);
        byte[] expected = new byte[record.Length];
        Write(expected, number);
        return record.SequenceEqual(expected) ? number : null;
    }
}

namespace ChronoLog.Core.Chunk;

/// <summary>CRC-32C (Castagnoli).</summary>
public static class Crc32C
{
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);
    public static uint Append(uint crc, ReadOnlySpan<byte> data) => throw new NotImplementedException();
}

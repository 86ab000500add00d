using System.Buffers.Binary;
using System.Text;

namespace ChronoLog.Abi;

/// <summary>
/// A list as native/abi/list.c reads it: count, count offsets from the beginning, the texts with their zeros.
/// </summary>
internal static class TextBlock
{
    public static byte[] Of(IReadOnlyCollection<string> texts)
    {
        int head = 8 * (texts.Count + 1);
        byte[] block = new byte[head + texts.Sum(text => Encoding.UTF8.GetByteCount(text) + 1)];
        BinaryPrimitives.WriteUInt64LittleEndian(block, (ulong)texts.Count);
        int place = 8;
        int end = head;
        foreach (string text in texts)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(place), (ulong)end);
            place += 8;
            end += Encoding.UTF8.GetBytes(text, block.AsSpan(end)) + 1;
        }

        return block;
    }
}

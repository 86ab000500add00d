using System.Runtime.InteropServices;
using static ChronoLog.Core.Chunk.ColumnImageDescriptor;

namespace ChronoLog.Core.Chunk;

/// <summary>The columns of an image that is to be written, in place.</summary>
internal readonly ref struct ColumnImageSpans
{
    /// <param name="image">Exactly the image. Its padding is cleared, and the last offset written.</param>
    /// <param name="count">Events.</param>
    /// <param name="recordBytes">Bytes of their records.</param>
    /// <exception cref="InvalidOperationException">The image has another length.</exception>
    public ColumnImageSpans(Span<byte> image, int count, long recordBytes)
    {
        if (image.Length != ImageLength(count, recordBytes))
        {
            throw new InvalidOperationException(
                $"{count} events of {recordBytes} bytes were to be written into {image.Length} bytes");
        }

        (int time, int client, int offset, int index) = ColumnStarts(count, recordBytes);
        Records = image.Slice(HeaderLength, (int)recordBytes);
        EventTime = MemoryMarshal.Cast<byte, ulong>(image[time..client]);
        ClientId = MemoryMarshal.Cast<byte, ulong>(image[client..offset]);
        RecordOffset = MemoryMarshal.Cast<byte, ulong>(image[offset..index]);
        EventIndex = MemoryMarshal.Cast<byte, uint>(image.Slice(index, count * 4));
        image[(HeaderLength + (int)recordBytes)..time].Clear();
        image[(index + (count * 4))..].Clear();
        RecordOffset[count] = (ulong)recordBytes;
    }

    public Span<byte> Records { get; }

    public Span<ulong> EventTime { get; }

    public Span<ulong> ClientId { get; }

    /// <summary>One more than events.</summary>
    public Span<ulong> RecordOffset { get; }

    public Span<uint> EventIndex { get; }
}

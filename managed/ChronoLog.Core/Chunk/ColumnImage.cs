using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>The columnar wire format of a chunk or of a page of a replay.</summary>
public static class ColumnImage
{
    public const int HeaderLength = 128;
    public static long RequiredBytes(long count, long recordBytes) => throw new NotImplementedException();
    public static int Write(Span<byte> target, in ColumnImageHeader header, MergeCursor source) => throw new NotImplementedException();
    public static ColumnImageView Parse(ReadOnlySpan<byte> image) => throw new NotImplementedException();
    public static EventRun ToRun(PayloadBlock block, int length) => ToRun(block, length, out _);
    public static EventRun ToRun(PayloadBlock block, int length, out ColumnImageHeader header) => throw new NotImplementedException();
}

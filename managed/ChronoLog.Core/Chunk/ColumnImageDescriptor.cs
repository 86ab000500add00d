using System.Buffers.Binary;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Chunk;

/// <summary>Owns the offsets of a column image, version 1. Little-endian throughout.</summary>
/// <remarks>
/// <code>
/// header, 128 bytes
///    0 magic "CLC1" u32   4 version u16    6 flags u16      8 storyId u64
///   16 startTime u64                                       24 endTime u64
///   32 count u32 = N     36 zero u32                       40 recordBytes u64 = R
///   48 processId u64                                       56 epoch u64
///   64 sequence u64                                        72 watermark u64
///   80 firstTime u64                                       88 lastTime u64
///   96 zero, 28 bytes                                     124 crc32c u32 of bytes 0..123
/// body
///   128                    records       u8[R], padded with zeros to a multiple of 8
///   128 + align8(R)        eventTime     u64[N]
///        + 8 N             clientId      u64[N]
///        + 8 N             recordOffset  u64[N + 1], from 0 to R: record i is records[offset[i] .. offset[i + 1]]
///        + 8 (N + 1)       eventIndex    u32[N], padded with zeros to a multiple of 8
/// </code>
/// With the flag <c>stamped</c> each record begins with 8 bytes of arrival stamp, which R and the offsets count.
/// The records come first, so that a page can be filled while it is not known yet how many events it will hold: records
/// are copied once, straight to their place, and the columns follow when the page is full. The checksum of the body
/// travels with the descriptor of the transfer (<see cref="BulkDescriptor"/>).
/// </remarks>
public static class ColumnImageDescriptor
{
    /// <summary>"CLC1".</summary>
    public const uint Magic = 0x3143_4C43;

    public const ushort Version = 1;

    public const int MagicOffset = 0;
    public const int VersionOffset = 4;
    public const int FlagsOffset = 6;
    public const int StoryIdOffset = 8;
    public const int StartTimeOffset = 16;
    public const int EndTimeOffset = 24;
    public const int CountOffset = 32;
    public const int RecordBytesOffset = 40;
    public const int ProcessIdOffset = 48;
    public const int EpochOffset = 56;
    public const int SequenceOffset = 64;
    public const int WatermarkOffset = 72;
    public const int FirstTimeOffset = 80;
    public const int LastTimeOffset = 88;
    public const int ReservedOffset = 96;
    public const int HeaderCrcOffset = 124;
    public const int HeaderLength = 128;

    /// <summary>Bytes per event besides its record: time, client, offset, index.</summary>
    public const int EventBytes = 28;

    /// <summary>Where the columns begin.</summary>
    public static long ColumnsOffset(long recordBytes) => HeaderLength + Align(recordBytes);

    /// <summary>Length of a whole image.</summary>
    public static long ImageLength(long count, long recordBytes) =>
        ColumnsOffset(recordBytes) + (count * 16) + ((count + 1) * 8) + Align(count * 4);

    /// <summary>Where each column begins, in bytes from the image's first. No image is longer than 2^31 - 1 bytes.</summary>
    internal static (int EventTime, int ClientId, int RecordOffset, int EventIndex) ColumnStarts(int count, long recordBytes)
    {
        int times = (int)ColumnsOffset(recordBytes);
        int offsets = times + (count * 16);
        return (times, times + (count * 8), offsets, offsets + ((count + 1) * 8));
    }

    /// <summary>Where the columns of an image lie.</summary>
    /// <param name="image">Address of its first byte.</param>
    /// <param name="count">Events.</param>
    /// <param name="recordBytes">Bytes of their records.</param>
    /// <param name="isStamped">The records are preceded by arrival stamps.</param>
    internal static ColumnPlaces Places(nint image, int count, long recordBytes, bool isStamped = false)
    {
        (int time, int client, int offset, int index) = ColumnStarts(count, recordBytes);
        return new ColumnPlaces(
            image + time, image + client, image + index, image + offset, image + HeaderLength, isStamped);
    }

    /// <summary>What says where the columns lie, of an image in memory that was checked when it was read.</summary>
    internal static unsafe (int Count, long RecordBytes, bool IsStamped) PeekHeader(nint image)
    {
        var header = new ReadOnlySpan<byte>((void*)image, HeaderLength);
        var flags = (ColumnImageFlags)BinaryPrimitives.ReadUInt16LittleEndian(header[FlagsOffset..]);
        return (
            (int)BinaryPrimitives.ReadUInt32LittleEndian(header[CountOffset..]), (long)Word(header, RecordBytesOffset),
            (flags & ColumnImageFlags.Stamped) != 0);
    }

    internal static long Align(long bytes) => (bytes + 7) & ~7L;

    internal static void WriteHeader(Span<byte> image, in ColumnImageHeader header)
    {
        image[..HeaderLength].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(image, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(image[VersionOffset..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(image[FlagsOffset..], (ushort)header.Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(image[StoryIdOffset..], header.StoryId);
        BinaryPrimitives.WriteUInt64LittleEndian(image[StartTimeOffset..], header.StartTime);
        BinaryPrimitives.WriteUInt64LittleEndian(image[EndTimeOffset..], header.EndTime);
        BinaryPrimitives.WriteUInt32LittleEndian(image[CountOffset..], (uint)header.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(image[RecordBytesOffset..], (ulong)header.RecordBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(image[ProcessIdOffset..], header.ProcessId);
        BinaryPrimitives.WriteUInt64LittleEndian(image[EpochOffset..], header.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(image[SequenceOffset..], header.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(image[WatermarkOffset..], header.Watermark);
        BinaryPrimitives.WriteUInt64LittleEndian(image[FirstTimeOffset..], header.FirstTime);
        BinaryPrimitives.WriteUInt64LittleEndian(image[LastTimeOffset..], header.LastTime);
        BinaryPrimitives.WriteUInt32LittleEndian(image[HeaderCrcOffset..], Crc32C.Compute(image[..HeaderCrcOffset]));
    }

    /// <summary>Reads a header and checks all that it says against the image's length.</summary>
    internal static ColumnImageHeader ReadHeader(ReadOnlySpan<byte> image)
    {
        Check(image.Length >= HeaderLength, "shorter than its header");
        Check(BinaryPrimitives.ReadUInt32LittleEndian(image) == Magic, "no column image: wrong magic");
        uint crc = Crc32C.Compute(image[..HeaderCrcOffset]);
        Check(BinaryPrimitives.ReadUInt32LittleEndian(image[HeaderCrcOffset..]) == crc, "header checksum differs");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(image[VersionOffset..]);
        if (version != Version)
        {
            throw Corrupt($"version {version}, and this program knows only {Version}: upgrade it");
        }

        var flags = (ColumnImageFlags)BinaryPrimitives.ReadUInt16LittleEndian(image[FlagsOffset..]);
        Check((flags & ~ColumnImageFlags.Known) == 0, "unknown flags");
        Check(BinaryPrimitives.ReadUInt32LittleEndian(image[(CountOffset + 4)..]) == 0
            && !image[ReservedOffset..HeaderCrcOffset].ContainsAnyExcept((byte)0), "reserved bytes are not zero");

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(image[CountOffset..]);
        ulong recordBytes = BinaryPrimitives.ReadUInt64LittleEndian(image[RecordBytesOffset..]);

        // Both are bounded by the length first, so that the sum cannot overflow.
        Check(count <= (uint)(image.Length / EventBytes) && recordBytes <= (ulong)image.Length
            && ImageLength(count, (long)recordBytes) == image.Length, "its length is not that of its columns");
        var header = new ColumnImageHeader(
            Word(image, StoryIdOffset), Word(image, StartTimeOffset), Word(image, EndTimeOffset), flags,
            Word(image, ProcessIdOffset), Word(image, EpochOffset), Word(image, SequenceOffset),
            Word(image, WatermarkOffset))
        {
            Count = (int)count,
            RecordBytes = (long)recordBytes,
            FirstTime = Word(image, FirstTimeOffset),
            LastTime = Word(image, LastTimeOffset),
        };
        Check(header.StartTime <= header.EndTime, "it ends before it starts");
        return header;
    }

    internal static void Check(bool condition, string what)
    {
        if (!condition)
        {
            throw Corrupt(what);
        }
    }

    private static ulong Word(ReadOnlySpan<byte> image, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(image[offset..]);

    private static ChronoLogException Corrupt(string what) => new(Status.Corrupt, "damaged column image: " + what);
}

using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>
/// The first bytes of a StoryFile: HDF5's user block, which libhdf5 passes over. With it a reader finds and checks the
/// columns without libhdf5. The type owns the offsets; little-endian.
/// </summary>
/// <remarks>
/// <code>
///   0 magic u8[8]            8 userBlockBytes u32     12 formatVersion u16    14 flags u16
///  16 fileLength u64        24 storyId u64            32 startTime u64        40 endTime u64
///  48 generation u32        52 blockBytes u32         56 eventCount u64       64 recordBytes u64
///  72 firstEventTime u64    80 lastEventTime u64      88 partialCount u64     96 metadataCrc32c u32   100 lateEvents u32
/// 104 column table: 7 x { offset u64, length u64, crc32c u32, reserved u32 }; 9 in version 2
/// 272 text lengths: 5 x u16 (chronicle, story, collision, granularity, writer version), reserved u16[3]
/// 288 text, UTF-8, back to back; zeros. In version 2 both are 48 bytes further on
/// userBlockBytes - 4: crc32c of everything before
/// </code>
/// </remarks>
public sealed record StoryFileUserBlock(
    StoryFileHeader Header, int UserBlockBytes, long FileLength, uint MetadataCrc32c,
    IReadOnlyList<ColumnExtent> Columns)
{
    /// <summary>Bytes of a column that one checksum covers.</summary>
    public const int BlockBytes = 64 * 1024;

    // As many as there are columns, by format version.
    private const int ColumnCount1 = 7;
    private const int ColumnCount2 = 9;

    private static readonly StoryColumn[] Checked1 =
        [StoryColumn.EventTime, StoryColumn.ClientId, StoryColumn.EventIndex, StoryColumn.RecordOffset, StoryColumn.Record];

    private static readonly StoryColumn[] Checked2 = [.. Checked1, StoryColumn.ArrivalTime];

    /// <summary>The least size; enough to learn the real one.</summary>
    public const int SizeMin = 4096;

    // Two names of 1024 bytes, and everything else that is short: 64 KiB is more than any writer needs.
    private const int SizeMax = 64 * 1024;
    private const int TableOffset = 104;
    private const int TableEntryBytes = 24;
    private const int TextLengthsBytes = 16;
    private const int TextCount = 5;
    private const int FlagComplete = 1;
    private const int FlagSupplementary = 2;
    private const int FlagArrivals = 4;
    private const int FlagCompressed = 8;
    private const int FlagsKnown = FlagComplete | FlagSupplementary | FlagArrivals | FlagCompressed;

    // As in PNG and HDF5: a byte that is no ASCII, a line end that text-mode transfers change, an end-of-file mark.
    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'C', (byte)'L', (byte)'S', (byte)'F', 0x0D, 0x0A, 0x1A];

    public ColumnExtent this[StoryColumn column] => (int)column < Columns.Count ? Columns[(int)column] : default;

    /// <summary>Of a compressed file: where its blocks lie, in the order of their checksums.</summary>
    public IReadOnlyList<ColumnExtent> Blocks { get; init; } = [];

    /// <summary>Columns that <c>blockCrc32c</c> covers, in its order.</summary>
    public IReadOnlyList<StoryColumn> Checked => CheckedColumns(Header.FormatVersion);

    /// <summary>Columns that <c>blockCrc32c</c> covers, in its order.</summary>
    public static IReadOnlyList<StoryColumn> CheckedColumns(int version) => version == 1 ? Checked1 : Checked2;

    /// <summary>Columns in the table.</summary>
    public static int ColumnCount(int version) => version == 1 ? ColumnCount1 : ColumnCount2;

    /// <summary>Size of the user block that holds a header: a power of two, as HDF5 demands.</summary>
    public static int RequiredBytes(StoryFileHeader header)
    {
        int text = Texts(header).Sum(Encoding.UTF8.GetByteCount);
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)(TextOffset(header.FormatVersion) + text + sizeof(uint)));
        return size <= SizeMax
            ? Math.Max(size, SizeMin)
            : throw new ArgumentException($"names and attributes of {text} bytes do not fit a StoryFile's user block");
    }

    public byte[] Encode()
    {
        var block = new byte[UserBlockBytes];
        Magic.CopyTo(block);
        PutUInt32(block, 8, (uint)UserBlockBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(12), (ushort)Header.FormatVersion);
        int flags = (Header.Complete ? FlagComplete : 0) | (Header.Supplementary ? FlagSupplementary : 0)
            | (Header.HasArrivals ? FlagArrivals : 0) | (Header.IsCompressed ? FlagCompressed : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(14), (ushort)flags);
        PutUInt64(block, 16, (ulong)FileLength);
        PutUInt64(block, 24, Header.StoryId);
        PutUInt64(block, 32, Header.StartTime);
        PutUInt64(block, 40, Header.EndTime);
        PutUInt32(block, 48, Header.Generation);
        PutUInt32(block, 52, BlockBytes);
        PutUInt64(block, 56, (ulong)Header.EventCount);
        PutUInt64(block, 64, (ulong)Header.RecordBytes);
        PutUInt64(block, 72, Header.FirstEventTime);
        PutUInt64(block, 80, Header.LastEventTime);
        PutUInt64(block, 88, (ulong)Header.PartialCount);
        PutUInt32(block, 96, MetadataCrc32c);
        PutUInt32(block, 100, (uint)Math.Min(Header.LateEvents, uint.MaxValue));
        for (int i = 0; i < Columns.Count; i++)
        {
            int at = TableOffset + i * TableEntryBytes;
            PutUInt64(block, at, (ulong)Columns[i].Offset);
            PutUInt64(block, at + 8, (ulong)Columns[i].Length);
            PutUInt32(block, at + 16, Columns[i].Crc32c);
        }

        EncodeTexts(block);
        PutUInt32(block, UserBlockBytes - sizeof(uint), Crc32C.Compute(block.AsSpan(0, UserBlockBytes - sizeof(uint))));
        return block;
    }

    /// <summary>Size of the user block, from its first bytes.</summary>
    /// <exception cref="ChronoLogException"><see cref="Status.Corrupt"/>: this is no StoryFile.</exception>
    public static int ReadSize(ReadOnlySpan<byte> start, string path)
    {
        if (start.Length < SizeMin || !start.StartsWith(Magic))
        {
            throw Corrupt(path, "it does not begin like a StoryFile of ChronoLog");
        }

        uint size = GetUInt32(start, 8);
        return size is >= SizeMin and <= SizeMax && BitOperations.IsPow2(size)
            ? (int)size
            : throw Corrupt(path, $"its user block claims {size} bytes");
    }

    /// <summary>Reads and checks a user block; the extents lie within the file and agree with the counts.</summary>
    /// <exception cref="ChronoLogException">Corrupt, or a format version that this program does not know.</exception>
    public static StoryFileUserBlock Decode(ReadOnlySpan<byte> block, long fileLength, string path)
    {
        int size = ReadSize(block, path);
        if (size != block.Length || GetUInt32(block, size - 4) != Crc32C.Compute(block[..(size - 4)]))
        {
            throw Corrupt(path, "the checksum of its user block does not match");
        }

        int version = BinaryPrimitives.ReadUInt16LittleEndian(block[12..]);
        if (version is < 1 or > StoryFileHeader.CurrentFormatVersion)
        {
            throw new ChronoLogException(
                Status.NotSupported,
                $"StoryFile '{path}' has format version {version}; this program reads 1 to "
                + $"{StoryFileHeader.CurrentFormatVersion}");
        }

        var decoded = new StoryFileUserBlock(
            DecodeHeader(block, version, path), size, (long)GetUInt64(block, 16), GetUInt32(block, 96),
            DecodeTable(block, version));
        decoded.CheckAgainst(fileLength, GetUInt32(block, 52), path);
        return decoded;
    }

    /// <summary>
    /// The parts of the file that are neither user block nor column: HDF5's own structures and padding.
    /// </summary>
    public IEnumerable<(long Offset, long Length)> MetadataRanges()
    {
        long position = UserBlockBytes;
        foreach (ColumnExtent extent in Stretches().OrderBy(column => column.Offset))
        {
            if (extent.Offset > position)
            {
                yield return (position, extent.Offset - position);
            }

            position = extent.End;
        }

        if (FileLength > position)
        {
            yield return (position, FileLength - position);
        }
    }

    /// <summary>Takes the places of a compressed file's blocks, which must lie in the file, beside everything else.</summary>
    /// <param name="places">Content of the column, with its checksum checked.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="ChronoLogException"><see cref="Status.Corrupt"/>.</exception>
    public StoryFileUserBlock WithBlocks(ReadOnlySpan<ulong> places, string path)
    {
        var blocks = new ColumnExtent[places.Length / 2];
        for (int i = 0; i < blocks.Length; i++)
        {
            (ulong offset, ulong length) = (places[2 * i], places[(2 * i) + 1]);
            blocks[i] = length is > 0 and <= StoredBlock.BytesMax && offset <= (ulong)FileLength
                ? new ColumnExtent((long)offset, (long)length, 0)
                : throw Corrupt(path, $"its block {i} has {length} bytes at {offset}");
        }

        StoryFileUserBlock with = this with { Blocks = blocks };
        long end = UserBlockBytes;
        foreach (ColumnExtent stretch in with.Stretches().OrderBy(stretch => stretch.Offset))
        {
            end = stretch.Offset >= end && stretch.End <= FileLength
                ? stretch.End
                : throw Corrupt(path, $"its block at {stretch.Offset} lies in something else");
        }

        return with;
    }

    /// <summary>Number of checksums of a column.</summary>
    public static long BlockCount(long bytes) => (bytes + BlockBytes - 1) / BlockBytes;

    /// <summary>Bytes that each column of a file must have.</summary>
    public static long[] RequiredLengths(StoryFileHeader header)
    {
        long events = header.EventCount;
        long arrivals = header.HasArrivals ? events * 8 : 0;
        long[] lengths =
        [
            events * 8, events * 8, events * 4, (events + 1) * 8, header.RecordBytes, 0, header.PartialCount * 24,
            arrivals, 0,
        ];
        long blocks = CheckedColumns(header.FormatVersion).Sum(column => BlockCount(lengths[(int)column]));
        lengths[(int)StoryColumn.BlockCrc32c] = blocks * sizeof(uint);
        lengths[(int)StoryColumn.BlockPlace] = header.IsCompressed ? blocks * 2 * sizeof(ulong) : 0;
        return lengths[..ColumnCount(header.FormatVersion)];
    }

    /// <summary>Whether a column is stored in compressed blocks, and not as one stretch.</summary>
    public static bool IsInBlocks(StoryFileHeader header, StoryColumn column) =>
        header.IsCompressed && Checked2.Contains(column);

    internal static ChronoLogException Corrupt(string path, string what) => new(
        Status.Corrupt, $"StoryFile '{path}' is damaged: {what}; restore it from a copy, or set it aside");

    private void CheckAgainst(long fileLength, uint blockBytes, string path)
    {
        // 2^40 events are 28 TiB of columns: a bound that keeps the arithmetic below from overflowing.
        const long CountMax = 1L << 40;
        if (FileLength != fileLength)
        {
            throw Corrupt(path, $"it has {fileLength} bytes instead of {FileLength}");
        }

        if (Header.EventCount is < 0 or > CountMax || Header.RecordBytes is < 0 or > 1L << 50
            || Header.PartialCount is < 0 or > CountMax || blockBytes != BlockBytes
            || Header.EndTime < Header.StartTime)
        {
            throw Corrupt(path, "its user block contradicts itself");
        }

        long[] lengths = RequiredLengths(Header);
        long end = UserBlockBytes;
        foreach (int i in Enumerable.Range(0, Columns.Count).OrderBy(i => Columns[i].Offset))
        {
            ColumnExtent extent = Columns[i];
            bool isStretch = extent.Length > 0 && !IsInBlocks(Header, (StoryColumn)i);
            bool fits = extent.Length == lengths[i] && (isStretch || extent.Offset == 0) && (!isStretch
                || (extent.Offset >= end && extent.Offset % 8 == 0 && extent.Length <= fileLength - extent.Offset));
            if (!fits)
            {
                throw Corrupt(path, $"its column {(StoryColumn)i} has {extent.Length} bytes at {extent.Offset}");
            }

            end = isStretch ? extent.End : end;
        }
    }

    // What has a column of its own, in the order of the file, and not: the user block.
    private IEnumerable<ColumnExtent> Stretches() =>
        Columns.Where(static column => column is { Length: > 0, Offset: > 0 }).Concat(Blocks);

    private static int TextLengthsOffset(int version) => TableOffset + (ColumnCount(version) * TableEntryBytes);

    private static int TextOffset(int version) => TextLengthsOffset(version) + TextLengthsBytes;

    private static StoryFileHeader DecodeHeader(ReadOnlySpan<byte> block, int version, string path)
    {
        int flags = BinaryPrimitives.ReadUInt16LittleEndian(block[14..]);
        bool hasNew = (flags & (FlagArrivals | FlagCompressed)) != 0;
        if (hasNew != (version == 2) || (flags & ~FlagsKnown) != 0)
        {
            throw Corrupt(path, $"its flags {flags} are not those of format version {version}");
        }

        string[] texts = DecodeTexts(block, version, path);
        return new StoryFileHeader
        {
            HasArrivals = (flags & FlagArrivals) != 0,
            IsCompressed = (flags & FlagCompressed) != 0,
            StoryId = GetUInt64(block, 24),
            StartTime = GetUInt64(block, 32),
            EndTime = GetUInt64(block, 40),
            Generation = GetUInt32(block, 48),
            EventCount = (long)GetUInt64(block, 56),
            RecordBytes = (long)GetUInt64(block, 64),
            FirstEventTime = GetUInt64(block, 72),
            LastEventTime = GetUInt64(block, 80),
            PartialCount = (long)GetUInt64(block, 88),
            Complete = (flags & FlagComplete) != 0,
            Supplementary = (flags & FlagSupplementary) != 0,
            LateEvents = GetUInt32(block, 100),
            Chronicle = texts[0],
            Story = texts[1],
            Collision = texts[2],
            Granularity = texts[3],
            WriterVersion = texts[4],
        };
    }

    private static ColumnExtent[] DecodeTable(ReadOnlySpan<byte> block, int version)
    {
        var table = new ColumnExtent[ColumnCount(version)];
        for (int i = 0; i < table.Length; i++)
        {
            int at = TableOffset + i * TableEntryBytes;
            table[i] = new ColumnExtent(
                (long)GetUInt64(block, at), (long)GetUInt64(block, at + 8), GetUInt32(block, at + 16));
        }

        return table;
    }

    private static string[] Texts(StoryFileHeader header) =>
        [header.Chronicle, header.Story, header.Collision, header.Granularity, header.WriterVersion];

    private void EncodeTexts(Span<byte> block)
    {
        string[] texts = Texts(Header);
        int at = TextOffset(Header.FormatVersion);
        int lengths = TextLengthsOffset(Header.FormatVersion);
        for (int i = 0; i < TextCount; i++)
        {
            int length = Encoding.UTF8.GetBytes(texts[i], block[at..^sizeof(uint)]);
            BinaryPrimitives.WriteUInt16LittleEndian(block[(lengths + i * 2)..], (ushort)length);
            at += length;
        }
    }

    private static string[] DecodeTexts(ReadOnlySpan<byte> block, int version, string path)
    {
        var texts = new string[TextCount];
        int lengths = TextLengthsOffset(version);
        int at = TextOffset(version);
        for (int i = 0; i < TextCount; i++)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(block[(lengths + i * 2)..]);
            if (length > block.Length - sizeof(uint) - at)
            {
                throw Corrupt(path, "the text of its user block is longer than the block");
            }

            texts[i] = Encoding.UTF8.GetString(block.Slice(at, length));
            at += length;
        }

        return texts;
    }

    private static void PutUInt32(Span<byte> block, int at, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(block[at..], value);

    private static void PutUInt64(Span<byte> block, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(block[at..], value);

    private static uint GetUInt32(ReadOnlySpan<byte> block, int at) =>
        BinaryPrimitives.ReadUInt32LittleEndian(block[at..]);

    private static ulong GetUInt64(ReadOnlySpan<byte> block, int at) =>
        BinaryPrimitives.ReadUInt64LittleEndian(block[at..]);
}

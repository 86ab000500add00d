using System.Runtime.InteropServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// An open StoryFile, mapped and used where it lies: events point into the mapping. libhdf5 has no part in it. User
/// block, HDF5's own structures and the checksums are checked when the file is opened, each block of a column before
/// its first use. Thread-safe. The file must not be cut short while it is open (it never is by ChronoLog).
/// </summary>
public sealed class StoryFile : IDisposable
{
    // Runs of 64-byte events have half a megabyte of entries then: they stay within a core's L2.
    private const int RunBytes = 3 << 19;

    private readonly MappedFileBlock block;
    private readonly StoryFileUserBlock layout;
    private readonly StoryFileBlocks blocks;

    private StoryFile(string path, MappedFileBlock block, StoryFileUserBlock layout, bool isDamaged)
    {
        Path = path;
        this.block = block;
        this.layout = layout;
        blocks = new StoryFileBlocks(path, block, layout, isDamaged);
    }

    public string Path { get; }

    public StoryFileHeader Header => layout.Header;

    /// <summary>Bytes.</summary>
    public long FileLength => layout.FileLength;

    /// <summary>Where the columns lie.</summary>
    public IReadOnlyList<ColumnExtent> Columns => layout.Columns;

    internal int UserBlockBytes => layout.UserBlockBytes;

    /// <summary>Opens a file by its path; its last component is not followed if it is a symbolic link.</summary>
    /// <exception cref="ChronoLogException">Corrupt, or of a newer format.</exception>
    /// <exception cref="PosixException">It cannot be opened.</exception>
    public static StoryFile Open(string path)
    {
        using PosixFile file = PosixFile.Open(path, PosixOpen.Read | PosixOpen.NonBlocking);
        return Open(file);
    }

    /// <summary>
    /// Opens a file that is known to be damaged: whatever its columns' checksums vouch for is given, and nothing else.
    /// </summary>
    /// <exception cref="ChronoLogException">Corrupt: not even its user block can be read.</exception>
    /// <exception cref="PosixException">It cannot be opened.</exception>
    public static StoryFile OpenDamaged(string path)
    {
        using PosixFile file = PosixFile.Open(path, PosixOpen.Read | PosixOpen.NonBlocking);
        return Open(file, isDamaged: true);
    }

    /// <summary>Opens a file within a directory.</summary>
    /// <inheritdoc cref="Open(string)"/>
    public static StoryFile Open(PosixDirectory directory, string name)
    {
        using PosixFile file = directory.OpenFile(name, PosixOpen.Read | PosixOpen.NonBlocking);
        return Open(file);
    }

    /// <summary>Reads and checks the header alone.</summary>
    /// <inheritdoc cref="Open(string)"/>
    public static StoryFileHeader ReadHeader(string path, bool isDamaged = false)
    {
        using PosixFile file = PosixFile.Open(path, PosixOpen.Read | PosixOpen.NonBlocking);
        return ReadLayout(file, isDamaged).Header;
    }

    /// <summary>Header and partials merged, without mapping the file.</summary>
    /// <inheritdoc cref="Open(string)"/>
    public static (StoryFileHeader Header, IReadOnlyList<PartialKey> Partials) ReadIdentity(PosixFile file)
    {
        StoryFileUserBlock layout = ReadLayout(file);
        ColumnExtent extent = layout[StoryColumn.Partials];
        var bytes = new byte[extent.Length];
        file.ReadExactlyAt(bytes, extent.Offset);
        return Crc32C.Compute(bytes) == extent.Crc32c
            ? (layout.Header, MemoryMarshal.Cast<byte, PartialKey>(bytes).ToArray())
            : throw StoryFileUserBlock.Corrupt(file.Path, "the checksum of its list of partials does not match");
    }

    /// <summary>
    /// The events with ticks in [startTime, endTime), in order, as runs of bounded size whose records lie in the
    /// mapping. The caller releases each run; runs stay valid after the file is disposed.
    /// </summary>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <param name="damaged">
    /// Receives ranges that cannot be given because a checksum does not match; what can be given goes on. Without it
    /// the first damage ends the enumeration with an exception.
    /// </param>
    /// <exception cref="ChronoLogException"><see cref="Status.Corrupt"/>.</exception>
    public IEnumerable<EventRun> Range(ulong startTime, ulong endTime, Action<Gap>? damaged = null)
    {
        foreach (ColumnSlice slice in Slices(startTime, endTime, RunBytes, damaged))
        {
            using (slice)
            {
                yield return slice.ToRun();
            }
        }
    }

    /// <summary>The same events as slices of the columns; the caller disposes each.</summary>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <param name="imageBytesMax">Most bytes of a slice's column image; one with a single event may be larger.</param>
    /// <param name="damaged">See <see cref="Range"/>.</param>
    /// <param name="withArrivals">With arrival stamps, if the file has them.</param>
    /// <exception cref="ChronoLogException"><see cref="Status.Corrupt"/>.</exception>
    public IEnumerable<ColumnSlice> Slices(
        ulong startTime, ulong endTime, int imageBytesMax, Action<Gap>? damaged = null, bool withArrivals = false) =>
        new StoryFileRange(this, block, layout, blocks, startTime, endTime, withArrivals, damaged).Slices(imageBytesMax);

    /// <summary>Where the blocks of a column of a compressed file lie.</summary>
    internal IEnumerable<ColumnExtent> BlocksOf(StoryColumn column)
    {
        long before = layout.Checked.TakeWhile(each => each != column)
            .Sum(each => StoryFileUserBlock.BlockCount(layout[each].Length));
        return layout.Blocks.Skip((int)before).Take((int)StoryFileUserBlock.BlockCount(layout[column].Length));
    }

    /// <summary>Whether an event arrived later than a tick, as far as the file knows for certain.</summary>
    internal bool ArrivedAfter(long index, ulong tick)
    {
        try
        {
            return Header.HasArrivals && blocks.Verified<ulong>(StoryColumn.ArrivalTime, index, 1)[0] > tick;
        }
        catch (ChronoLogException exception) when (exception.Status == Status.Corrupt)
        {
            return false;
        }
    }

    /// <summary>
    /// The identities of the events with ticks in [startTime, endTime), in order, in blocks of bounded size, with the
    /// number of each block's first event. Blocks whose checksum does not match are passed over.
    /// </summary>
    internal IEnumerable<(long At, EventSequence[] Block)> Identities(ulong startTime, ulong endTime)
    {
        const int BlockEvents = 4096; // 96 KiB
        long at = TryLowerBound(startTime) ?? 0;
        long end = TryLowerBound(endTime) ?? Header.EventCount;
        for (; at < end; at += BlockEvents)
        {
            if (TryIdentities(at, (int)Math.Min(BlockEvents, end - at)) is { } block)
            {
                yield return (at, block);
            }
        }
    }

    /// <summary>Whether an event's record is another one, for certain.</summary>
    internal bool HasOtherRecord(long index, ReadOnlySpan<byte> record)
    {
        try
        {
            ReadOnlySpan<ulong> offsets = blocks.Verified<ulong>(StoryColumn.RecordOffset, index, 2);
            ulong length = offsets[1] - offsets[0];
            return offsets[1] <= (ulong)Header.RecordBytes && (length != (ulong)record.Length
                || !blocks.Verified<byte>(StoryColumn.Record, (long)offsets[0], (int)length).SequenceEqual(record));
        }
        catch (ChronoLogException exception) when (exception.Status == Status.Corrupt)
        {
            return false;
        }
    }

    /// <summary>
    /// The identities of all events, in order, in blocks of bounded size, with the number of events of each; those of a
    /// block whose checksum does not match are null.
    /// </summary>
    internal IEnumerable<(EventSequence[]? Identities, long Count)> AllIdentities()
    {
        const int BlockEvents = 1024;
        for (long at = 0; at < Header.EventCount; at += BlockEvents)
        {
            int count = (int)Math.Min(BlockEvents, Header.EventCount - at);
            yield return (TryIdentities(at, count), count);
        }
    }

    /// <summary>Number of events with ticks in [startTime, endTime).</summary>
    public long CountRange(ulong startTime, ulong endTime) =>
        Math.Max(0, blocks.LowerBound(endTime) - blocks.LowerBound(startTime));

    /// <summary>Checks every byte of the file and the order of the events.</summary>
    /// <returns>What is wrong; empty when nothing is.</returns>
    public IReadOnlyList<string> Verify()
    {
        List<string> findings = blocks.VerifyAll();
        if (findings.Count > 0)
        {
            return findings;
        }

        try
        {
            foreach (EventRun run in Range(0, ulong.MaxValue))
            {
                run.Release();
            }
        }
        catch (ChronoLogException exception) when (exception.Status == Status.Corrupt)
        {
            findings.Add(exception.Message);
        }

        return findings;
    }

    /// <summary>Tells the kernel how the file will be read.</summary>
    public void Advise(PosixAdvice advice) => block.Advise(advice);

    public void Dispose() => blocks.Dispose();

    private long? TryLowerBound(ulong tick)
    {
        try
        {
            return blocks.LowerBound(tick);
        }
        catch (ChronoLogException exception) when (exception.Status == Status.Corrupt)
        {
            return null;
        }
    }

    private EventSequence[]? TryIdentities(long at, int count)
    {
        try
        {
            ReadOnlySpan<ulong> times = blocks.Verified<ulong>(StoryColumn.EventTime, at, count);
            ReadOnlySpan<ulong> clients = blocks.Verified<ulong>(StoryColumn.ClientId, at, count);
            ReadOnlySpan<uint> indexes = blocks.Verified<uint>(StoryColumn.EventIndex, at, count);
            var identities = new EventSequence[count];
            for (int i = 0; i < count; i++)
            {
                identities[i] = new EventSequence(times[i], clients[i], indexes[i]);
            }

            return identities;
        }
        catch (ChronoLogException exception) when (exception.Status == Status.Corrupt)
        {
            return null;
        }
    }

    private static StoryFile Open(PosixFile file, bool isDamaged = false)
    {
        StoryFileUserBlock layout = ReadLayout(file, isDamaged);
        var block = new MappedFileBlock(file.Map(0, layout.FileLength, writable: false));
        try
        {
            return new StoryFile(file.Path, block, layout, isDamaged);
        }
        catch
        {
            block.Release();
            throw;
        }
    }

    private static StoryFileUserBlock ReadLayout(PosixFile file, bool isDamaged = false)
    {
        PosixFileInfo info = file.Info;
        if (!info.IsRegularFile)
        {
            throw StoryFileUserBlock.Corrupt(file.Path, "it is no regular file");
        }

        var start = new byte[StoryFileUserBlock.SizeMin];
        int got = file.ReadAt(start, 0);
        int size = StoryFileUserBlock.ReadSize(start.AsSpan(0, got), file.Path);
        if (size > info.Length)
        {
            throw StoryFileUserBlock.Corrupt(file.Path, $"it ends after {info.Length} bytes, within its user block");
        }

        if (size > start.Length)
        {
            start = new byte[size];
            file.ReadExactlyAt(start, 0);
        }

        StoryFileUserBlock layout = WithBlocks(StoryFileUserBlock.Decode(start, info.Length, file.Path), file);
        return isDamaged || StoryFileChecks.MetadataCrc32c(file, layout) == layout.MetadataCrc32c
            ? layout
            : throw StoryFileUserBlock.Corrupt(file.Path, "the checksum of its HDF5 structures does not match");
    }

    // Without this table nothing of a compressed file can be found.
    private static StoryFileUserBlock WithBlocks(StoryFileUserBlock layout, PosixFile file)
    {
        if (!layout.Header.IsCompressed)
        {
            return layout;
        }

        ColumnExtent extent = layout[StoryColumn.BlockPlace];
        var places = new ulong[extent.Length / sizeof(ulong)];
        Span<byte> bytes = MemoryMarshal.AsBytes<ulong>(places);
        file.ReadExactlyAt(bytes, extent.Offset);
        return Crc32C.Compute(bytes) == extent.Crc32c
            ? layout.WithBlocks(places, file.Path)
            : throw StoryFileUserBlock.Corrupt(file.Path, "the checksum of its table of blocks does not match");
    }
}

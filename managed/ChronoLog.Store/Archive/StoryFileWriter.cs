using System.Runtime.InteropServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Writes StoryFiles. HDF5 lays the file out (it knows the extents beforehand), the columns are written with pwrite at
/// the offsets it chose, then HDF5's structures, and the user block with their checksum comes last. Thread-safe.
/// </summary>
public sealed class StoryFileWriter
{
    // 64 KiB of entries, within a core's L2 beside the records that are gathered.
    private const int BatchEvents = 2048;

    private static readonly string Version =
        typeof(StoryFileWriter).Assembly.GetName().Version?.ToString(3) ?? "0";

    // Whether the last file's input had duplicates (several replicas of each event, say). It then pays to count first;
    // otherwise the first attempt is nearly always right.
    private volatile bool countFirst;

    private long eventsWritten;

    /// <summary>Events in files published by this writer.</summary>
    public long EventsWritten => Interlocked.Read(ref eventsWritten);

    /// <summary>
    /// Writes a file into a story's directory. On the device, under its real name, when this returns.
    /// </summary>
    /// <returns>The file's name; its generation is the least that was free.</returns>
    /// <exception cref="IOException">
    /// The disk is full, or refused to sync. Nothing remains but perhaps a temporary file.
    /// </exception>
    public StoryFileName Write(
        PosixDirectory storyDirectory, StoryFileContent content, CancellationToken cancellation = default)
    {
        uint generation = NextGeneration(storyDirectory, content);
        bool counted = countFirst || content.Archived.Count > 0;
        (long Events, long Bytes) counts = counted ? Count(content) : (content.EventCount, content.RecordBytes);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var name = new StoryFileName(content.StartTime, content.EndTime, generation);
            using TemporaryFile temporary = TemporaryFile.Create(storyDirectory);
            if (!TryFill(temporary, content, generation, counts, cancellation))
            {
                counts = counted ? throw Unstable(content) : Count(content);
                counted = true;
            }
            else if (TryPublish(temporary, name, content))
            {
                countFirst = content.Archived.Count == 0 && counts.Events != content.EventCount;
                Interlocked.Add(ref eventsWritten, counts.Events);
                return name;
            }
            else
            {
                generation++; // another writer was faster
            }
        }
    }

    /// <summary>False when every event of a chunk is archived already.</summary>
    public static bool HasNewEvents(StoryFileContent content)
    {
        using var events = new NewEvents(content);
        return events.Read(new EventEntry[1]) > 0;
    }

    // What is kept apart is on the device before the file that the rest is in.
    private static bool TryPublish(TemporaryFile temporary, StoryFileName name, StoryFileContent content)
    {
        content.BeforePublish?.Invoke();
        return temporary.TryPublish(name.ToString());
    }

    private static ChronoLogException Unstable(StoryFileContent content) => new(
        Status.Internal,
        $"chunk [{content.StartTime}, {content.EndTime}) of story {content.Chronicle}/{content.Story} changed "
        + "while it was being archived");

    private static uint NextGeneration(PosixDirectory directory, StoryFileContent content)
    {
        uint generation = content.GenerationFrom;
        while (directory.TryStat(new StoryFileName(content.StartTime, content.EndTime, generation).ToString()) is not null)
        {
            generation++;
        }

        return generation;
    }

    private static (long Events, long Bytes) Count(StoryFileContent content)
    {
        var batch = new EventEntry[BatchEvents];
        long events = 0;
        long bytes = 0;
        using var merge = new NewEvents(content);
        for (int read; (read = merge.Read(batch)) > 0; events += read)
        {
            foreach (ref readonly EventEntry entry in batch.AsSpan(0, read))
            {
                bytes += entry.Length;
            }
        }

        return (events, bytes);
    }

    /// <summary>False when the merge does not yield what was expected: the file is to be begun again.</summary>
    private static bool TryFill(
        TemporaryFile temporary, StoryFileContent content, uint generation, (long Events, long Bytes) counts,
        CancellationToken cancellation)
    {
        StoryFileHeader header = HeaderOf(content, generation, counts);
        PosixFile file = temporary.File;
        using var skeleton = new StoryFileSkeleton(header, file.Path);
        ColumnExtent[] extents = skeleton.Extents;
        using var columns = new EventColumns(header, extents, column => skeleton.Open(file, column));
        if (!TryWriteEvents(columns, content, cancellation) || columns.Finish() is not { } checksums)
        {
            return false;
        }

        WriteChecked(file, extents, StoryColumn.BlockCrc32c, MemoryMarshal.AsBytes<uint>(checksums));
        if (header.IsCompressed)
        {
            ulong[] places = [.. skeleton.Blocks.SelectMany(block => new[] { (ulong)block.Offset, (ulong)block.Length })];
            WriteChecked(file, extents, StoryColumn.BlockPlace, MemoryMarshal.AsBytes<ulong>(places));
        }

        PartialKey[] partials = [.. content.Partials];
        WriteChecked(file, extents, StoryColumn.Partials, MemoryMarshal.AsBytes<PartialKey>(partials));
        header = header with { FirstEventTime = columns.FirstTime, LastEventTime = columns.LastTime };
        skeleton.CopyTo(file, header, content.Partials, extents);
        return true;
    }

    private static StoryFileHeader HeaderOf(
        StoryFileContent content, uint generation, (long Events, long Bytes) counts) => new()
        {
            Chronicle = content.Chronicle,
            Story = content.Story,
            StoryId = content.StoryId,
            StartTime = content.StartTime,
            EndTime = content.EndTime,
            Generation = generation,
            EventCount = counts.Events,
            RecordBytes = counts.Bytes,
            FirstEventTime = 0,
            LastEventTime = 0,
            Collision = content.Collision,
            Granularity = content.Granularity,
            Complete = content.Complete,
            Supplementary = content.Supplementary,
            HasArrivals = content.HasArrivals,
            IsCompressed = content.IsCompressed,
            LateEvents = Math.Min(content.LateEvents, counts.Events),
            WriterVersion = Version,
            PartialCount = content.Partials.Count,
        };

    private static bool TryWriteEvents(EventColumns columns, StoryFileContent content, CancellationToken cancellation)
    {
        var batch = new EventEntry[BatchEvents];
        using var merge = new NewEvents(content);
        for (int read; (read = merge.Read(batch)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!columns.TryAppend(batch.AsSpan(0, read)))
            {
                return false;
            }
        }

        return true;
    }

    private static void WriteChecked(
        PosixFile file, ColumnExtent[] extents, StoryColumn column, ReadOnlySpan<byte> bytes)
    {
        ColumnExtent extent = extents[(int)column];
        if (bytes.Length != extent.Length)
        {
            throw new ChronoLogException(
                Status.Internal,
                $"column {column} of '{file.Path}' has {bytes.Length} bytes instead of {extent.Length}");
        }

        file.WriteAt(bytes, extent.Offset);
        extents[(int)column] = extent with { Crc32c = Crc32C.Compute(bytes) };
    }
}

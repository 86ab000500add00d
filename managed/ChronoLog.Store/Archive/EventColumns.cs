using ChronoLog.Core.Model;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Splits entries into the columns of a StoryFile. Memory is bounded by its buffers, whatever the chunk.
/// </summary>
internal sealed class EventColumns : IDisposable
{
    // Four of these and one of the larger kind: 1.25 MiB for each file being written. 1 MiB amortises the cost of a
    // write call, and the index columns get what they collect in one buffer of entries.
    private const int RecordBufferBytes = 1 << 20;
    private const int IndexBufferBytes = StoryFileUserBlock.BlockBytes;

    private readonly IReadOnlyList<StoryColumn> checkedColumns;
    private readonly ColumnWriter[] writers;
    private readonly ColumnExtent[] extents;
    private readonly bool hasArrivals;
    private readonly long eventsMax;
    private bool begun;
    private ulong nextOffset;

    /// <param name="header">What the file will be.</param>
    /// <param name="extents">Lengths of the columns.</param>
    /// <param name="open">Where a column goes.</param>
    public EventColumns(StoryFileHeader header, ColumnExtent[] extents, Func<StoryColumn, IColumnSink> open)
    {
        this.extents = extents;
        hasArrivals = header.HasArrivals;
        checkedColumns = StoryFileUserBlock.CheckedColumns(header.FormatVersion);
        writers = new ColumnWriter[extents.Length];
        eventsMax = extents[(int)StoryColumn.EventTime].Length / sizeof(ulong);
        foreach (StoryColumn column in checkedColumns)
        {
            int buffer = column == StoryColumn.Record ? RecordBufferBytes : IndexBufferBytes;
            writers[(int)column] = new ColumnWriter(open(column), extents[(int)column].Length, buffer);
        }

        PutRecordOffset(0);
    }

    public long EventCount { get; private set; }

    public long RecordBytes => writers[(int)StoryColumn.Record].Length;

    public ulong FirstTime { get; private set; }

    public ulong LastTime { get; private set; }

    /// <summary>False when there are more events or bytes than the columns have room for.</summary>
    public bool TryAppend(ReadOnlySpan<EventEntry> entries)
    {
        if (entries.Length > eventsMax - EventCount)
        {
            return false;
        }

        Note(entries);
        for (ReadOnlySpan<EventEntry> rest = entries; !rest.IsEmpty;)
        {
            // As many as fit every index buffer: all of them hold 8192 or more values and are flushed when full.
            int count = Math.Min(rest.Length, IndexRoom());
            AppendIndex(rest[..count]);
            rest = rest[count..];
        }

        EventCount += entries.Length;
        return TryAppendRecords(entries);
    }

    /// <summary>Writes what is buffered.</summary>
    /// <returns>The checksums of all blocks, column after column; null when the columns are not exactly full.</returns>
    public uint[]? Finish()
    {
        foreach (StoryColumn column in checkedColumns)
        {
            if (Writer(column).Length != extents[(int)column].Length)
            {
                return null;
            }
        }

        foreach (StoryColumn column in checkedColumns)
        {
            Writer(column).Finish();
        }

        return [.. checkedColumns.SelectMany(column => Writer(column).Checksums)];
    }

    public void Dispose()
    {
        foreach (StoryColumn column in checkedColumns)
        {
            Writer(column).Dispose();
        }
    }

    private ColumnWriter Writer(StoryColumn column) => writers[(int)column];

    private void Note(ReadOnlySpan<EventEntry> entries)
    {
        if (entries.IsEmpty)
        {
            return;
        }

        if (!begun)
        {
            FirstTime = entries[0].EventTime;
            begun = true;
        }

        LastTime = entries[^1].EventTime;
    }

    private int IndexRoom()
    {
        int room = Writer(StoryColumn.EventTime).Room(sizeof(ulong));
        room = Math.Min(room, Writer(StoryColumn.ClientId).Room(sizeof(ulong)));
        room = Math.Min(room, Writer(StoryColumn.EventIndex).Room(sizeof(uint)));
        room = Math.Min(room, Writer(StoryColumn.RecordOffset).Room(sizeof(ulong)));
        return hasArrivals ? Math.Min(room, Writer(StoryColumn.ArrivalTime).Room(sizeof(ulong))) : room;
    }

    private void AppendIndex(ReadOnlySpan<EventEntry> entries)
    {
        Span<ulong> times = Writer(StoryColumn.EventTime).Next<ulong>(entries.Length);
        Span<ulong> clients = Writer(StoryColumn.ClientId).Next<ulong>(entries.Length);
        Span<uint> indexes = Writer(StoryColumn.EventIndex).Next<uint>(entries.Length);
        Span<ulong> offsets = Writer(StoryColumn.RecordOffset).Next<ulong>(entries.Length);
        ulong offset = nextOffset;
        for (int i = 0; i < entries.Length; i++)
        {
            ref readonly EventEntry entry = ref entries[i];
            times[i] = entry.EventTime;
            clients[i] = entry.ClientId;
            indexes[i] = entry.EventIndex;
            offset += (uint)entry.Length;
            offsets[i] = offset;
        }

        nextOffset = offset;
        Writer(StoryColumn.EventTime).Advance(entries.Length * sizeof(ulong));
        Writer(StoryColumn.ClientId).Advance(entries.Length * sizeof(ulong));
        Writer(StoryColumn.EventIndex).Advance(entries.Length * sizeof(uint));
        Writer(StoryColumn.RecordOffset).Advance(entries.Length * sizeof(ulong));
        if (hasArrivals)
        {
            AppendArrivals(entries);
        }
    }

    private void AppendArrivals(ReadOnlySpan<EventEntry> entries)
    {
        Span<ulong> arrivals = Writer(StoryColumn.ArrivalTime).Next<ulong>(entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            arrivals[i] = entries[i].Arrival;
        }

        Writer(StoryColumn.ArrivalTime).Advance(entries.Length * sizeof(ulong));
    }

    private void PutRecordOffset(ulong offset)
    {
        Writer(StoryColumn.RecordOffset).Next<ulong>(1)[0] = offset;
        Writer(StoryColumn.RecordOffset).Advance(sizeof(ulong));
        nextOffset = offset;
    }

    // Records that lie one behind the other (a pulled image of one Keeper) are appended as one stretch.
    private unsafe bool TryAppendRecords(ReadOnlySpan<EventEntry> entries)
    {
        ColumnWriter records = Writer(StoryColumn.Record);
        for (int i = 0; i < entries.Length;)
        {
            nint start = entries[i].Address;
            long length = entries[i].Length;
            for (i++; i < entries.Length && entries[i].Address == start + (nint)length
                && length + entries[i].Length <= int.MaxValue; i++)
            {
                length += entries[i].Length;
            }

            if (!records.TryAppend(new ReadOnlySpan<byte>((void*)start, (int)length)))
            {
                return false;
            }
        }

        return true;
    }
}

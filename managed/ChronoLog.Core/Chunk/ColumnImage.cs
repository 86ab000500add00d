using System.Runtime.InteropServices;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using static ChronoLog.Core.Chunk.ColumnImageDescriptor;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// The columnar wire format of a chunk and of a page of a replay: see <see cref="ColumnImageDescriptor"/> for the
/// layout, <see cref="ColumnPageWriter"/> for writing in pages. Reading is safe on any bytes.
/// </summary>
public static class ColumnImage
{
    /// <summary>Bytes before the records.</summary>
    public const int HeaderLength = ColumnImageDescriptor.HeaderLength;

    /// <summary>Entries merged at a time while a chunk is written.</summary>
    private const int EntriesPerRead = 2048;

    /// <summary>Length of an image with so many events and bytes of records.</summary>
    public static long RequiredBytes(long count, long recordBytes) => ImageLength(count, recordBytes);

    /// <summary>Writes everything that the merge delivers.</summary>
    /// <param name="target">At least <see cref="RequiredBytes"/> of what the merge delivers.</param>
    /// <param name="header">Count, recordBytes, firstTime and lastTime are filled in.</param>
    /// <param name="source">Read to its end.</param>
    /// <returns>Length of the image.</returns>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.LimitExceeded"/>: does not fit; write it in parts.
    /// </exception>
    public static int Write(Span<byte> target, in ColumnImageHeader header, MergeCursor source)
    {
        using var writer = new ColumnPageWriter(header.IsStamped);
        EventEntry[] entries = EntryPool.Rent(EntriesPerRead);
        try
        {
            int count;
            while ((count = source.Read(entries.AsSpan(0, EntriesPerRead))) > 0)
            {
                if (writer.Add(target, entries.AsSpan(0, count)) != count)
                {
                    throw new ChronoLogException(
                        Status.LimitExceeded,
                        $"the chunk's column image is larger than its slab of {target.Length} bytes");
                }
            }

            return writer.Finish(target, header);
        }
        finally
        {
            EntryPool.Return(entries);
        }
    }

    /// <summary>Writes entries that are all at hand: each goes straight to its place in every column.</summary>
    /// <param name="target">Exactly the <see cref="RequiredBytes"/> of the entries.</param>
    /// <param name="header">Count, recordBytes, firstTime and lastTime are filled in.</param>
    /// <param name="entries">In order of EventSequence.</param>
    /// <param name="recordBytes">Of all of them, arrival stamps included if the image has them.</param>
    /// <exception cref="InvalidOperationException">The bytes are not the entries'.</exception>
    public static void Write(
        Span<byte> target, in ColumnImageHeader header, ReadOnlySpan<EventEntry> entries, long recordBytes)
    {
        var columns = new ColumnImageSpans(target, entries.Length, recordBytes);
        int copied = ColumnGather.Copy(
            entries, header.IsStamped, columns.Records, 0,
            columns.EventTime, columns.ClientId, columns.RecordOffset, columns.EventIndex);
        if (copied != recordBytes)
        {
            throw new InvalidOperationException(
                $"{entries.Length} events of {copied} bytes were to be written as {recordBytes} bytes");
        }

        WriteHeader(target, header, columns);
    }

    /// <summary>Writes events that lie in columns already.</summary>
    /// <param name="target">Exactly the <see cref="RequiredBytes"/> of the events.</param>
    /// <param name="header">Count, recordBytes, firstTime and lastTime are filled in.</param>
    /// <param name="events">What is written.</param>
    public static void Write(Span<byte> target, in ColumnImageHeader header, ColumnSlice events)
    {
        var columns = new ColumnImageSpans(target, events.Count, events.RecordBytes);
        events.CopyTo(columns);
        WriteHeader(target, header, columns);
    }

    /// <summary>Validates an image completely and returns its columns in place.</summary>
    /// <param name="image">Exactly the image: no byte more.</param>
    /// <exception cref="ChronoLogException"><see cref="Status.Corrupt"/>.</exception>
    public static ColumnImageView Parse(ReadOnlySpan<byte> image)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("ChronoLog's memory formats are little-endian");
        }

        ColumnImageHeader header = ReadHeader(image);
        int count = header.Count;
        (int time, int client, int offset, int index) = ColumnStarts(count, header.RecordBytes);
        var view = new ColumnImageView
        {
            Header = header,
            Records = image.Slice(HeaderLength, (int)header.RecordBytes),
            EventTime = MemoryMarshal.Cast<byte, ulong>(image[time..client]),
            ClientId = MemoryMarshal.Cast<byte, ulong>(image[client..offset]),
            RecordOffset = MemoryMarshal.Cast<byte, ulong>(image[offset..index]),
            EventIndex = MemoryMarshal.Cast<byte, uint>(image.Slice(index, count * 4)),
        };
        CheckPadding(image, HeaderLength + (int)header.RecordBytes, time);
        CheckPadding(image, index + (count * 4), image.Length);
        CheckOffsets(view);
        CheckTimes(view);
        return view;
    }

    /// <summary>
    /// Parses an image at the beginning of a block and makes a run whose entries point into the block.
    /// </summary>
    /// <param name="block">The run takes a reference of its own.</param>
    /// <param name="length">Bytes of the image.</param>
    /// <returns>A run, empty when the image has no events; the caller releases it.</returns>
    /// <exception cref="ChronoLogException"><see cref="Status.Corrupt"/>.</exception>
    public static EventRun ToRun(PayloadBlock block, int length) => ToRun(block, length, out _);

    /// <inheritdoc cref="ToRun(PayloadBlock, int)"/>
    /// <param name="block">The run takes a reference of its own.</param>
    /// <param name="length">Bytes of the image.</param>
    /// <param name="header">What the image says about itself.</param>
    /// <param name="acceptsByArrival">
    /// Its events may be in order of arrival: such a run is to be shown as it is, and never to be merged.
    /// </param>
    public static unsafe EventRun ToRun(
        PayloadBlock block, int length, out ColumnImageHeader header, bool acceptsByArrival = false)
    {
        Check(length >= 0 && length <= block.Length, "longer than the block it lies in");
        ColumnImageView view = Parse(new ReadOnlySpan<byte>((void*)block.Address, length));
        header = view.Header;
        Check(
            acceptsByArrival || (header.Flags & ColumnImageFlags.ByArrival) == 0, "its events are not in order of EventSequence");
        return Places(block.Address, header.Count, header.RecordBytes, header.IsStamped)
            .ToRun(block, header.Count, header.RecordBytes);
    }

    /// <summary>Where the columns of a run's events lie, in the image that it was made of by ToRun.</summary>
    /// <param name="run">Such a run, or a slice of one; not empty.</param>
    /// <exception cref="InvalidOperationException">Its events come from elsewhere.</exception>
    public static ColumnPlaces PlacesOf(EventRun run)
    {
        if (run.Blocks.Length != 1)
        {
            throw new InvalidOperationException($"a run of {run.Blocks.Length} blocks lies in no image");
        }

        nint image = run.Blocks[0].Address;
        (int count, long recordBytes, bool isStamped) = PeekHeader(image);
        return Places(image, count, recordBytes, isStamped).From(run.Start);
    }

    private static void WriteHeader(Span<byte> target, in ColumnImageHeader header, in ColumnImageSpans columns)
    {
        ReadOnlySpan<ulong> times = columns.EventTime;
        ColumnImageDescriptor.WriteHeader(target, header with
        {
            Count = times.Length,
            RecordBytes = columns.Records.Length,
            FirstTime = times.IsEmpty ? 0 : times[0],
            LastTime = times.IsEmpty ? 0 : times[^1],
        });
    }

    private static void CheckPadding(ReadOnlySpan<byte> image, int start, int end) =>
        Check(!image[start..end].ContainsAnyExcept((byte)0), "padding is not zero");

    /// <summary>From 0 to the number of record bytes, never going back: so every record lies inside.</summary>
    private static void CheckOffsets(in ColumnImageView view)
    {
        ReadOnlySpan<ulong> offsets = view.RecordOffset;
        Check(offsets[0] == 0 && offsets[^1] == (ulong)view.Records.Length, "record offsets do not cover the records");
        Check(ColumnOrder.Ascends(offsets), "record offsets go back");
        if (view.Header.IsStamped)
        {
            Check(ColumnOrder.LeastStep(offsets) >= EventEntry.StampLength, "a record without room for its stamp");
        }
    }

    private static void CheckTimes(in ColumnImageView view)
    {
        ReadOnlySpan<ulong> times = view.EventTime;
        ColumnImageHeader header = view.Header;
        if (times.IsEmpty)
        {
            Check(header.FirstTime == 0 && header.LastTime == 0, "first and last tick without events");
            return;
        }

        Check(header.FirstTime == times[0] && header.LastTime == times[^1], "first and last tick are not the events'");
        bool isByArrival = (header.Flags & ColumnImageFlags.ByArrival) != 0;
        (ulong least, ulong greatest) = isByArrival ? ColumnOrder.Bounds(times) : (times[0], times[^1]);
        Check(least >= header.StartTime, "an event before its start");
        Check(greatest < header.EndTime || header.EndTime == ulong.MaxValue, "an event after its end");
        Check(isByArrival || ColumnOrder.Of(times, view.ClientId, view.EventIndex) != ColumnOrder.Kind.Broken, "events are out of order");
    }
}

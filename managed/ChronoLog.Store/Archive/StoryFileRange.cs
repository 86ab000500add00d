using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>One pass over the events of a StoryFile in a range of ticks.</summary>
internal sealed class StoryFileRange(
    StoryFile file, MappedFileBlock mapping, StoryFileUserBlock layout, StoryFileBlocks blocks,
    ulong startTime, ulong endTime, bool withArrivals, Action<Gap>? damaged)
{
    // What is not as it is to be given is put together in memory, a slice at a time.
    private readonly bool isRebuilt = layout.Header.IsCompressed || (withArrivals && layout.Header.HasArrivals);

    // What damage costs beside itself: what lies before it in the slice is found by halving the slice down to this many.
    private const int EventsGivenUp = 1024;

    /// <summary>The events in order, as slices of bounded size; the caller disposes each.</summary>
    /// <param name="imageBytesMax">Most bytes of a slice's column image; one with a single event may be larger.</param>
    public IEnumerable<ColumnSlice> Slices(int imageBytesMax)
    {
        int countMax = Math.Max(1, imageBytesMax / ColumnImageDescriptor.EventBytes);
        mapping.AddReference();
        try
        {
            (long first, long end) = Bounds();
            ulong goodTime = Math.Max(startTime, layout.Header.StartTime);
            for (long at = first; at < end;)
            {
                int count = (int)Math.Min(countMax, end - at);
                ColumnSlice? slice = TryBuild(at, imageBytesMax, ref count, goodTime);
                at += count;
                if (slice is not null)
                {
                    goodTime = slice.Last.EventTime;
                    yield return slice;
                }
            }
        }
        finally
        {
            mapping.Release();
        }
    }

    private (long First, long End) Bounds()
    {
        try
        {
            return startTime >= endTime ? (0, 0) : (blocks.LowerBound(startTime), blocks.LowerBound(endTime));
        }
        catch (ChronoLogException exception) when (damaged is not null && exception.Status == Status.Corrupt)
        {
            ulong end = Math.Min(endTime, layout.Header.EndTime);
            Report(Math.Max(startTime, layout.Header.StartTime), end, exception);
            return (0, 0);
        }
    }

    // Null, and the damage is reported, when not even a few events can be given.
    private ColumnSlice? TryBuild(long at, int imageBytesMax, ref int count, ulong goodTime)
    {
        while (true)
        {
            int wanted = count;
            try
            {
                return Build(at, imageBytesMax, ref count);
            }
            catch (ChronoLogException exception) when (damaged is not null && exception.Status == Status.Corrupt)
            {
                count = Math.Min(wanted, count);
                if (count <= EventsGivenUp)
                {
                    Report(goodTime, NextGoodTime(at + count), exception);
                    return null;
                }

                count /= 2;
            }
        }
    }

    // The tick up to which events are missing: the first one after the damaged run, if that can be told.
    private ulong NextGoodTime(long index)
    {
        ulong end = Math.Min(endTime, layout.Header.EndTime);
        if (index >= layout.Header.EventCount)
        {
            return end;
        }

        try
        {
            // Events of this very tick may be among the missing.
            return Math.Min(end, blocks.Verified<ulong>(StoryColumn.EventTime, index, 1)[0] + 1);
        }
        catch (ChronoLogException)
        {
            return end;
        }
    }

    private void Report(ulong start, ulong end, ChronoLogException exception) =>
        damaged!(new Gap { StartTime = start, EndTime = Math.Max(start, end), Reason = exception.Message });

    private ColumnSlice Build(long at, int imageBytesMax, ref int count)
    {
        ReadOnlySpan<ulong> offsets = blocks.Verified<ulong>(StoryColumn.RecordOffset, at, count + 1);
        count = Fitting(offsets, imageBytesMax);
        CheckOffsets(offsets[..(count + 1)]);
        ReadOnlySpan<ulong> times = blocks.Verified<ulong>(StoryColumn.EventTime, at, count);
        _ = blocks.Verified<ulong>(StoryColumn.ClientId, at, count);
        _ = blocks.Verified<uint>(StoryColumn.EventIndex, at, count);
        if (!isRebuilt)
        {
            VerifyRecords(offsets[0], offsets[count]);
        }

        bool isWithin = times[0] >= layout.Header.StartTime
            && (times[^1] < layout.Header.EndTime || layout.Header.EndTime == ulong.MaxValue);
        return (isWithin ? Slice(at, count, offsets[..(count + 1)]) : null)
            ?? throw StoryFileUserBlock.Corrupt(file.Path, "its events are not in order within its range");
    }

    private ColumnSlice? Slice(long at, int count, ReadOnlySpan<ulong> offsets)
    {
        if (!isRebuilt)
        {
            return ColumnSlice.TryOver(mapping, PlacesAt(at), count);
        }

        var rebuilt = new RebuiltColumns(blocks, at, count, offsets, withArrivals && layout.Header.HasArrivals);
        try
        {
            return ColumnSlice.TryOver(rebuilt.Block, rebuilt.Fill(), count);
        }
        finally
        {
            rebuilt.Block.Release();
        }
    }

    private ColumnPlaces PlacesAt(long index) => new(
        AddressOf(StoryColumn.EventTime, index * sizeof(ulong)),
        AddressOf(StoryColumn.ClientId, index * sizeof(ulong)),
        AddressOf(StoryColumn.EventIndex, index * sizeof(uint)),
        AddressOf(StoryColumn.RecordOffset, index * sizeof(ulong)),
        AddressOf(StoryColumn.Record, 0));

    private nint AddressOf(StoryColumn column, long offset) =>
        mapping.Address + (nint)(layout[column].Offset + offset);

    // As many events as fit an image, and at least one. If the offsets do not ascend, the number is arbitrary.
    private int Fitting(ReadOnlySpan<ulong> offsets, int imageBytesMax)
    {
        ulong stamp = withArrivals && layout.Header.HasArrivals ? (ulong)EventEntry.StampLength : 0;
        int fitting = 1;
        int beyond = offsets.Length;
        while (beyond - fitting > 1)
        {
            int middle = fitting + ((beyond - fitting) / 2);
            ulong bytes = offsets[middle] - offsets[0] + (stamp * (ulong)middle);
            bool fits = bytes <= (ulong)imageBytesMax
                && ColumnImage.RequiredBytes(middle, (long)bytes) <= imageBytesMax;
            (fitting, beyond) = fits ? (middle, beyond) : (fitting, middle);
        }

        return fitting;
    }

    private void CheckOffsets(ReadOnlySpan<ulong> offsets)
    {
        ulong first = offsets[0];
        ulong last = offsets[^1];
        bool isLong = offsets.Length == 2 && last - first > int.MaxValue;
        if (!ColumnOrder.Ascends(offsets) || last > (ulong)layout.Header.RecordBytes || isLong)
        {
            throw StoryFileUserBlock.Corrupt(file.Path, "its record offsets do not ascend within the record column");
        }
    }

    private void VerifyRecords(ulong start, ulong end)
    {
        const int PieceBytes = 1 << 30;
        for (ulong at = start; at < end; at += PieceBytes)
        {
            _ = blocks.Verified<byte>(StoryColumn.Record, (long)at, (int)Math.Min(PieceBytes, end - at));
        }
    }
}

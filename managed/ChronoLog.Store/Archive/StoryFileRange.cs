using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>One pass over the events of a StoryFile in a range of ticks.</summary>
internal sealed class StoryFileRange(
    StoryFile file, MappedFileBlock mapping, StoryFileUserBlock layout, StoryFileBlocks blocks,
    ulong startTime, ulong endTime, Action<Gap>? damaged)
{
    // Half a megabyte of entries: stays within a core's L2, and makes the hand-over to another thread cheap per event.
    private const int RunEventsMax = 16 << 10;

    // Bounds what a reader has to hold of large records; one record may be larger.
    private const ulong RunBytesMax = 4 << 20;

    public IEnumerable<EventRun> Runs()
    {
        mapping.AddReference();
        try
        {
            (long first, long end) = Bounds();
            ulong goodTime = Math.Max(startTime, layout.Header.StartTime);
            for (long at = first; at < end;)
            {
                int count = (int)Math.Min(RunEventsMax, end - at);
                EventRun? run = TryBuild(at, ref count, goodTime);
                at += count;
                if (run is not null)
                {
                    goodTime = run.Last.EventTime;
                    yield return run;
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

    private EventRun? TryBuild(long at, ref int count, ulong goodTime)
    {
        try
        {
            return Build(at, ref count);
        }
        catch (ChronoLogException exception) when (damaged is not null && exception.Status == Status.Corrupt)
        {
            Report(goodTime, NextGoodTime(at + count), exception);
            return null;
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

    private EventRun Build(long at, ref int count)
    {
        ReadOnlySpan<ulong> offsets = blocks.Verified<ulong>(StoryColumn.RecordOffset, at, count + 1);
        count = Fitting(offsets);
        offsets = offsets[..(count + 1)];
        CheckOffsets(offsets);
        ReadOnlySpan<ulong> times = blocks.Verified<ulong>(StoryColumn.EventTime, at, count);
        ReadOnlySpan<ulong> clients = blocks.Verified<ulong>(StoryColumn.ClientId, at, count);
        ReadOnlySpan<uint> indexes = blocks.Verified<uint>(StoryColumn.EventIndex, at, count);
        VerifyRecords(offsets[0], offsets[count]);
        nint records = mapping.Address + (nint)layout[StoryColumn.Record].Offset;
        EventEntry[] rented = EntryPool.Rent(count);
        Span<EventEntry> entries = rented.AsSpan(0, count);
        for (int i = 0; i < entries.Length; i++)
        {
            int length = (int)(offsets[i + 1] - offsets[i]);
            entries[i] = new EventEntry(times[i], clients[i], indexes[i], records + (nint)offsets[i], length);
        }

        if (!IsOrdered(entries))
        {
            EntryPool.Return(rented);
            throw StoryFileUserBlock.Corrupt(file.Path, "its events are not in order within its range");
        }

        mapping.AddReference();
        return EventRun.OfPooled(rented, count, mapping);
    }

    private static int Fitting(ReadOnlySpan<ulong> offsets)
    {
        int count = offsets.Length - 1;
        while (count > 1 && offsets[count] - offsets[0] > RunBytesMax)
        {
            count /= 2;
        }

        return count;
    }

    private void CheckOffsets(ReadOnlySpan<ulong> offsets)
    {
        ulong before = offsets[0];
        bool ascending = true;
        foreach (ulong offset in offsets)
        {
            ascending &= offset >= before && offset - before <= int.MaxValue;
            before = offset;
        }

        if (!ascending || before > (ulong)layout.Header.RecordBytes)
        {
            throw StoryFileUserBlock.Corrupt(file.Path, "its record offsets do not ascend within the record column");
        }
    }

    private bool IsOrdered(ReadOnlySpan<EventEntry> entries)
    {
        bool isOrdered = entries[0].EventTime >= layout.Header.StartTime
            && (entries[^1].EventTime < layout.Header.EndTime || layout.Header.EndTime == ulong.MaxValue);
        for (int i = 1; i < entries.Length; i++)
        {
            isOrdered &= EventEntry.Compare(entries[i - 1], entries[i]) <= 0;
        }

        return isOrdered;
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

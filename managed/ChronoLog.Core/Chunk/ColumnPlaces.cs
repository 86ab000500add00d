using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Addresses of the columns of some events.</summary>
/// <param name="EventTime">Of the first event's tick, u64.</param>
/// <param name="ClientId">Of the first event's client, u64.</param>
/// <param name="EventIndex">Of the first event's index, u32.</param>
/// <param name="RecordOffset">Of the first event's offset, u64; one more offset than events follows.</param>
/// <param name="Records">What the offsets count from.</param>
/// <param name="IsStamped">Each record is preceded by its arrival stamp, which the offsets count.</param>
public readonly record struct ColumnPlaces(
    nint EventTime, nint ClientId, nint EventIndex, nint RecordOffset, nint Records, bool IsStamped = false)
{
    /// <summary>The same columns from a later event on.</summary>
    /// <param name="index">That event's.</param>
    internal ColumnPlaces From(int index) => this with
    {
        EventTime = EventTime + ((nint)index * 8),
        ClientId = ClientId + ((nint)index * 8),
        EventIndex = EventIndex + ((nint)index * 4),
        RecordOffset = RecordOffset + ((nint)index * 8),
    };

    /// <summary>Makes a run of the events, in the order in which they lie.</summary>
    /// <param name="block">Everything lies in it; the run takes a reference of its own.</param>
    /// <param name="count">Events.</param>
    /// <param name="recordBytes">Bytes of their records, arrival stamps included.</param>
    internal EventRun ToRun(PayloadBlock block, int count, long recordBytes)
    {
        EventEntry[] rented = EntryPool.Rent(count);
        Fill(rented.AsSpan(0, count));
        block.AddReference();
        long stampBytes = IsStamped ? (long)EventEntry.StampLength * count : 0;
        return new EventRun(
            new RunStorage(rented, count, [block], 1, pooled: true), 0, count, recordBytes - stampBytes);
    }

    private unsafe void Fill(Span<EventEntry> target)
    {
        var times = new ReadOnlySpan<ulong>((void*)EventTime, target.Length);
        var clients = new ReadOnlySpan<ulong>((void*)ClientId, target.Length);
        var indices = new ReadOnlySpan<uint>((void*)EventIndex, target.Length);
        var offsets = new ReadOnlySpan<ulong>((void*)RecordOffset, target.Length + 1);
        ulong start = offsets[0];
        ReadOnlySpan<ulong> ends = offsets[1..];
        if (IsStamped)
        {
            for (int index = 0; index < target.Length; index++)
            {
                nint record = Records + (nint)offsets[index] + EventEntry.StampLength;
                int length = (int)(ends[index] - offsets[index]) - EventEntry.StampLength;
                target[index] = new EventEntry(
                    times[index], clients[index], indices[index], record, length, isStamped: true);
            }

            return;
        }

        for (int index = 0; index < target.Length; index++)
        {
            ulong end = ends[index];
            target[index] = new EventEntry(
                times[index], clients[index], indices[index], Records + (nint)start, (int)(end - start));
            start = end;
        }
    }
}

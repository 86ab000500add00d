using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Addresses of the columns of some events.</summary>
/// <param name="EventTime">Of the first event's tick, u64.</param>
/// <param name="ClientId">Of the first event's client, u64.</param>
/// <param name="EventIndex">Of the first event's index, u32.</param>
/// <param name="RecordOffset">Of the first event's offset, u64; one more offset than events follows.</param>
/// <param name="Records">What the offsets count from.</param>
public readonly record struct ColumnPlaces(
    nint EventTime, nint ClientId, nint EventIndex, nint RecordOffset, nint Records)
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

    /// <summary>Makes an entry of each event.</summary>
    /// <param name="target">As many as there are events.</param>
    internal unsafe void Fill(Span<EventEntry> target)
    {
        var times = new ReadOnlySpan<ulong>((void*)EventTime, target.Length);
        var clients = new ReadOnlySpan<ulong>((void*)ClientId, target.Length);
        var indices = new ReadOnlySpan<uint>((void*)EventIndex, target.Length);
        var offsets = new ReadOnlySpan<ulong>((void*)RecordOffset, target.Length + 1);
        ulong start = offsets[0];
        ReadOnlySpan<ulong> ends = offsets[1..];
        for (int index = 0; index < target.Length; index++)
        {
            ulong end = ends[index];
            target[index] = new EventEntry(
                times[index], clients[index], indices[index], Records + (nint)start, (int)(end - start));
            start = end;
        }
    }
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Time;

namespace ChronoLog.Store.Journal;

/// <summary>
/// The range of ticks that a segment's readable batches speak of: when they arrived, and the ticks of their events.
/// What is unreadable between them was recorded at the same time.
/// </summary>
internal static class TickRange
{
    /// <returns>From the first tick to behind the last; everything when nothing is readable.</returns>
    public static (ulong StartTime, ulong EndTime) Of(ReadOnlySpan<byte> bytes, in SegmentHeader header)
    {
        (ulong First, ulong Last) range = (ulong.MaxValue, 0);
        var walk = new SegmentWalk(bytes, header);
        while (walk.MoveNext())
        {
            range = Wider(range, walk.Current.Origin.Arrival);
            range = Wider(range, walk.Frames);
        }

        return range.First > range.Last
            ? (0, ulong.MaxValue)
            : (range.First, ChronoTick.AddSaturating(range.Last, 1));
    }

    // The batch's checksum was right, but the frames are a client's: a wrong length ends the walk, as it does in
    // ingestion.
    private static (ulong, ulong) Wider((ulong, ulong) range, ReadOnlySpan<byte> frames)
    {
        while (frames.Length >= RecordFrame.HeaderLength)
        {
            int length = RecordFrame.JournalLength(frames, out _);
            if (length < RecordFrame.HeaderLength || length > frames.Length)
            {
                break;
            }

            range = Wider(range, RecordFrame.EventTime(frames));
            frames = frames[Math.Min(RecordFrame.AlignedLength(length), frames.Length)..];
        }

        return range;
    }

    private static (ulong, ulong) Wider((ulong First, ulong Last) range, ulong tick) =>
        (Math.Min(range.First, tick), Math.Max(range.Last, tick));
}

using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;

namespace ChronoLog.Store.Journal;

/// <summary>Goes through a segment in use once more, beside its writer: what is complete now, and is sound.</summary>
internal static class JournalRevisit
{
    /// <summary>Gives the segment's batches. The caller holds a reference on it.</summary>
    public static unsafe void Give(PayloadBlock segment, RecoveredBatchTaker take)
    {
        (SegmentHeader header, long end) = segment switch
        {
            JournalSegment own => (own.Header, own.End),
            RecoveredSegment recovered => (recovered.Header, recovered.Length),
            _ => throw new InvalidOperationException($"{segment.GetType()} is no segment of a journal"),
        };
        var walk = new SegmentWalk(new ReadOnlySpan<byte>((void*)segment.Address, (int)end), header);
        while (walk.MoveNext())
        {
            nint address = segment.Address + (nint)walk.Offset + BatchHeader.Length;
            take(walk.Current.Origin, new JournalSpan(segment, address, walk.Current.ByteLength, 0));
        }
    }
}

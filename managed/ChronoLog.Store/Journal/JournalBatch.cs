using ChronoLog.Core.Ports;

namespace ChronoLog.Store.Journal;

/// <summary>A batch found on disk.</summary>
/// <param name="Segment">The header of its segment.</param>
/// <param name="Offset">Of the batch header in the file.</param>
/// <param name="Number">Consecutive within an epoch; a rewritten batch stands twice under the same number.</param>
/// <param name="Origin">Whose frames they are.</param>
/// <param name="Frames">The frames; they lie in a copy of the file, and their lengths have not been checked.</param>
public sealed record JournalBatch(
    SegmentHeader Segment, long Offset, long Number, BatchOrigin Origin, ReadOnlyMemory<byte> Frames);

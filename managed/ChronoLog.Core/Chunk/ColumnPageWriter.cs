using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Fills a page of bounded size with entries, block by block; records are copied at once. Unsynchronized, reusable.</summary>
public sealed class ColumnPageWriter
{
    public int Count => throw new NotImplementedException();
    /// <summary>Bytes that the image would have now.</summary>
    public int Length => throw new NotImplementedException();
    /// <summary>Takes as many entries as the page has room for, and copies their records into the page.</summary>
    /// <param name="page">The same memory in every call until <see cref="Finish"/>.</param>
    /// <param name="entries">In order of EventSequence, also from call to call.</param>
    /// <returns>How many were taken: fewer than given when the page is full; 0 from an empty page = larger than a page.</returns>
    public int Add(Span<byte> page, ReadOnlySpan<EventEntry> entries) => throw new NotImplementedException();
    /// <summary>Writes columns and header, and makes the writer ready for the next page.</summary>
    /// <returns>Length of the image.</returns>
    public int Finish(Span<byte> page, in ColumnImageHeader header) => throw new NotImplementedException();
}

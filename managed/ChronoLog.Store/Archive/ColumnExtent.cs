namespace ChronoLog.Store.Archive;

/// <summary>Where a column's bytes lie in its file.</summary>
/// <param name="Offset">From the file's first byte; 0 for an empty column, and for one that is stored in blocks.</param>
/// <param name="Length">Bytes; of a compressed column those that its blocks inflate to.</param>
/// <param name="Crc32c">Of all its bytes: only for the columns that <c>blockCrc32c</c> does not cover.</param>
public readonly record struct ColumnExtent(long Offset, long Length, uint Crc32c)
{
    public long End => Offset + Length;
}

namespace ChronoLog.Store.Archive;

/// <summary>Where a column's bytes go.</summary>
internal interface IColumnSink
{
    /// <summary>Writes what follows on what was written before.</summary>
    /// <param name="bytes">From a block's start on, whole blocks but for the column's last one.</param>
    /// <param name="checksums">Receives that of each block, as it lies in the file.</param>
    void Write(ReadOnlySpan<byte> bytes, List<uint> checksums);
}

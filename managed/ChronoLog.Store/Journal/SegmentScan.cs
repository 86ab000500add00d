namespace ChronoLog.Store.Journal;

/// <summary>What a segment file holds.</summary>
/// <param name="Path">The file.</param>
/// <param name="Header">Meaningless when <paramref name="End"/> is <see cref="SegmentEnd.NoHeader"/>.</param>
/// <param name="Batches">Those that are whole, in order.</param>
/// <param name="Holes">What is not readable although something readable follows it.</param>
/// <param name="End">How it ends.</param>
/// <param name="EndOffset">Offset behind the last whole batch.</param>
public sealed record SegmentScan(
    string Path,
    SegmentHeader Header,
    IReadOnlyList<JournalBatch> Batches,
    IReadOnlyList<SegmentHole> Holes,
    SegmentEnd End,
    long EndOffset)
{
    /// <summary>True when something is missing that had been synced.</summary>
    public bool IsDamaged => Holes.Any(hole => hole.WasSynced);
}

/// <summary>A stretch without a readable batch, between readable ones.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Length">Bytes.</param>
/// <param name="FirstNumber">The first batch that is missing.</param>
/// <param name="LastNumber">The last one.</param>
/// <param name="WasSynced">
/// True when a later batch knew some of it to be on the device: the medium or somebody damaged it. False: a power cut
/// took it before its sync, and nobody was told that it was safe.
/// </param>
public sealed record SegmentHole(long Offset, long Length, long FirstNumber, long LastNumber, bool WasSynced);

using ChronoLog.Core.Ports;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>A batch in a segment's file.</summary>
/// <param name="Origin">Whose frames these are.</param>
/// <param name="Offset">In the segment.</param>
/// <param name="Length">Bytes of frames.</param>
/// <param name="Number">Of the journal that wrote it.</param>
public sealed record JournalBatch(BatchOrigin Origin, int Offset, int Length, long Number)
{
    /// <summary>On the device.</summary>
    public bool IsSynced { get; set; }

    /// <summary>Its checksum is wrong: power went in the middle of it.</summary>
    public bool IsTorn { get; set; }
}

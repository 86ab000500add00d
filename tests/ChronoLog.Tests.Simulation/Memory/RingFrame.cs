namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>A stretch of a ring that a producer has reserved.</summary>
/// <param name="position">First byte, counted since the ring was made.</param>
/// <param name="length">With the padding to 8.</param>
public sealed class RingFrame(long position, int length)
{
    public long Position => position;

    public int Length => length;

    public long End => position + length;

    public bool IsPadding { get; set; }

    /// <summary>Bytes of the record, as it was reserved for.</summary>
    public int RecordLength { get; init; }

    /// <summary>Whose frame it is, where that is known.</summary>
    internal Checking.RecordedEvent? Event { get; set; }

    /// <summary>The frame once it is committed.</summary>
    public byte[]? Bytes { get; set; }
}

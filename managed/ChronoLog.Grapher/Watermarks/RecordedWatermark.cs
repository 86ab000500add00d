namespace ChronoLog.Grapher.Watermarks;

/// <summary>What the store has of one story's watermark.</summary>
/// <param name="through">The tick read at the start; 0 = unknown.</param>
internal sealed class RecordedWatermark(ulong through)
{
    /// <summary>The tick in the store.</summary>
    public ulong Through { get; set; } = through;

    /// <summary>Something was archived since the last write.</summary>
    public bool IsBehindArchive { get; set; }

    /// <summary>Monotonic nanoseconds of the last write, or attempt.</summary>
    public long At { get; private set; }

    public void Begin(long now)
    {
        At = now;
        IsBehindArchive = false;
    }
}

namespace ChronoLog.Transport.Rings;

/// <summary>A Keeper's ring in a <see cref="RecorderSession"/>.</summary>
public sealed class RecorderRing
{
    internal RecorderRing(int slot, ulong ringId, string path) => (Slot, RingId, Path) = (slot, ringId, path);

    internal int Slot { get; }

    /// <summary>As the Keeper has named it.</summary>
    public ulong RingId { get; }

    /// <summary>The mapped file.</summary>
    public string Path { get; }
}

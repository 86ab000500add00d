namespace ChronoLog.Core.Playback;

/// <summary>Limits of a <see cref="ReadService"/>.</summary>
public sealed record ReadServiceOptions
{
    /// <summary>
    /// Page size when the request names none. 1 MiB: a pull of it takes about 0.1 ms at 10 GB/s, far above the round trip.
    /// </summary>
    public const int PageBytesDefault = 1 << 20;

    /// <summary>Smallest page that a request may wish for: below it the round trips dominate.</summary>
    public const int PageBytesMin = 64 << 10;

    /// <summary>Largest page that a request may wish for; only a single larger record gets more.</summary>
    public const int PageBytesMax = 16 << 20;

    /// <summary>Names the server in messages, for example "player-0".</summary>
    public string Server { get; init; } = "read service";

    /// <summary>A cursor that nobody asked for this long is closed.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Cursors open at once. Each holds at most three pages of slab memory, plus what its sources hold.</summary>
    public int CursorsMax { get; init; } = 256;

    /// <summary>Cursors open at once for one client id.</summary>
    public int CursorsPerClientMax { get; init; } = 64;

    /// <summary>
    /// Longest wait for slab memory for a page that was asked for; after it NO_SPACE, and the same page may be asked for
    /// again.
    /// </summary>
    public TimeSpan SlabWait { get; init; } = TimeSpan.FromSeconds(10);
}

namespace ChronoLog.Visor.Clock;

/// <summary>How a Visor's base clock begins.</summary>
public sealed record BaseClockOptions
{
    /// <summary>
    /// Names one run of the operating system: while it is the same, the monotonic clock is, and the base clock goes on
    /// as if the Visor had never been away. Empty = unknown.
    /// </summary>
    public required string BootId { get; init; }

    /// <summary>How far the wall clock may be behind the mark at a start on another boot or node.</summary>
    public TimeSpan BehindMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Anchors at the wall clock even where the base clock could go on.</summary>
    public bool IsAnchoredAnew { get; init; }
}

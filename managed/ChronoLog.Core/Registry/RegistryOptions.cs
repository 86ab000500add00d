namespace ChronoLog.Core.Registry;

/// <summary>How a process talks to the Visor's registry.</summary>
public sealed record RegistryOptions
{
    /// <summary>Longest wait for one reply of the Visor.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>First pause after a registration that failed; doubles up to <see cref="RetryPauseMax"/>.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Longest pause between attempts. A Visor that comes back finds every process again within this and one call.
    /// </summary>
    public TimeSpan RetryPauseMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a new process asks for a place that a living one has. Longer than a heartbeat is missed before the other
    /// counts as silent: a process that was started in place of one that just died must not give up.
    /// </summary>
    public TimeSpan PlaceDeadline { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Period of the heartbeats when the Visor states none.</summary>
    public TimeSpan HeartbeatPeriod { get; init; } = TimeSpan.FromSeconds(1);
}

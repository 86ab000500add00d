namespace ChronoLog.Visor;

/// <summary>Settings of the Visor's role.</summary>
public sealed record VisorOptions
{
    /// <summary>How often a process sends a heartbeat.</summary>
    public TimeSpan HeartbeatPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Silence after which a process is declared dead and leaves the clients' view.</summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Silence after which a process is suspect: two heartbeats are missing, and half a period's grace.</summary>
    public TimeSpan SuspectAfter => HeartbeatPeriod * 2.5;

    /// <summary>Silence after which a client's stories are released.</summary>
    public TimeSpan ClientLease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for a process to confirm that it records a story.</summary>
    public TimeSpan NotifyDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>"uniform" or "least-loaded".</summary>
    public string GroupAssignment { get; init; } = "uniform";

    /// <summary>Most chronicles, stories, clients and processes that are accepted: the Visor's memory is bounded by them.</summary>
    public int ChroniclesMax { get; init; } = 100_000;

    public int StoriesMax { get; init; } = 1_000_000;

    public int ClientsMax { get; init; } = 100_000;

    public int ProcessesMax { get; init; } = 10_000;
}

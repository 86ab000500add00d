using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Registry;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Player;

/// <summary>Everything that a Player needs from outside. What is passed in stays the caller's to dispose.</summary>
public sealed record PlayerPorts
{
    /// <summary>Where the role lives; the two servers' handlers run on it too.</summary>
    public required Strand Strand { get; init; }

    /// <summary>Not yet registered; the identity carries the endpoints of the two servers.</summary>
    public required RegistryClient Registry { get; init; }

    public required ITimers Timers { get; init; }

    /// <summary>Serves replays. Not started yet.</summary>
    public required IRpcServer Query { get; init; }

    /// <summary>Serves administration, notices and recent chunks. Not started yet.</summary>
    public required IRpcServer Admin { get; init; }

    /// <summary>Opens channels to Keepers and Grapher.</summary>
    public required IRpcConnector Connector { get; init; }

    public required IBulkEndpoint Bulk { get; init; }

    /// <summary>The cold tier; <see cref="CatalogColdTier"/> in a process.</summary>
    public required IColdTier Cold { get; init; }

    /// <summary>
    /// Where pages are filled and StoryFiles read, each replay on one of them: one per core that replays may use.
    /// None = on the role's strand.
    /// </summary>
    public IReadOnlyList<Strand> ReadStrands { get; init; } = [];

    public required ILogger Logger { get; init; }
}

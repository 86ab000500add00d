using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Time;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper;

/// <summary>
/// What a Keeper needs from outside. Everything stays the composition's: it disposes after <see
/// cref="KeeperRole.StopAsync"/>.
/// </summary>
public sealed record KeeperPorts
{
    /// <summary>The role's strand; both servers run their handlers on it.</summary>
    public required Strand Strand { get; init; }

    /// <summary>Recording port: rings are opened here.</summary>
    public required IRpcServer Recording { get; init; }

    /// <summary>Admin port: stories, archived notices, hot reads.</summary>
    public required IRpcServer Admin { get; init; }

    /// <summary>Opens the channel to the Grapher.</summary>
    public required IRpcConnector Connector { get; init; }

    /// <summary>Not yet registered.</summary>
    public required RegistryClient Registry { get; init; }

    public required IBulkEndpoint Bulk { get; init; }

    public required IRingHost Rings { get; init; }

    /// <summary>One for each ingestion thread.</summary>
    public required IReadOnlyList<IJournal> Journals { get; init; }

    public required IBaseClock Clock { get; init; }

    public required ITimers Timers { get; init; }

    public required ExtractionModule Extraction { get; init; }

    /// <summary>One for each extraction stream.</summary>
    public required IReadOnlyList<Strand> ExtractionStrands { get; init; }

    /// <summary>Strands that fill the pages of hot reads; none: the role's own.</summary>
    public IReadOnlyList<Strand> ReadStrands { get; init; } = [];

    /// <summary>Measured one-way latencies between this process and the Visor, for the ATW; null = nobody measures.</summary>
    public LatencyWindow? Latency { get; init; }

    public required ILogger Logger { get; init; }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Grapher.Repair;
using ChronoLog.Grapher.Watermarks;
using ChronoLog.Store.Archive;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher;

/// <summary>Everything that a Grapher needs from outside. What is passed in stays the caller's to dispose.</summary>
public sealed record GrapherPorts
{
    /// <summary>Where the role lives; the two servers' handlers run on it too.</summary>
    public required Strand Strand { get; init; }

    /// <summary>Not yet registered; the identity carries the endpoints of the two servers.</summary>
    public required RegistryClient Registry { get; init; }

    public required IBaseClock Clock { get; init; }

    public required ITimers Timers { get; init; }

    /// <summary>Serves announcements and drain progress. Not started yet.</summary>
    public required IRpcServer Drain { get; init; }

    /// <summary>Serves administration and warm reads. Not started yet.</summary>
    public required IRpcServer Admin { get; init; }

    public required IRpcConnector Connector { get; init; }

    public required IBulkEndpoint Bulk { get; init; }

    /// <summary>Its streams are started and stopped by the role.</summary>
    public required ExtractionModule Extraction { get; init; }

    /// <summary>One per extraction stream; each with a thread of its own, because archiving blocks.</summary>
    public required IReadOnlyList<Strand> ExtractionStrands { get; init; }

    /// <summary>One per building stream: where pulled images are checked, copied and indexed. At least one.</summary>
    public required IReadOnlyList<Strand> BuildingStrands { get; init; }

    /// <summary>Where pages of warm reads are filled; none = on the role's strand.</summary>
    public IReadOnlyList<Strand> ReadStrands { get; init; } = [];

    /// <summary>
    /// Deletes a story's StoryFiles. Called on the role's strand; what blocks belongs on another one.
    /// </summary>
    public required Func<StoryDescriptor, CancellationToken, ValueTask> DestroyArchive { get; init; }

    /// <summary>
    /// Partials that StoryFiles name: they are acknowledged without a pull. May be empty: what is then pulled again is
    /// dropped as duplicates by every replay.
    /// </summary>
    public IEnumerable<PartialKey> AlreadyArchived { get; init; } = [];

    /// <summary>
    /// Where watermarks outlive the process; null = nowhere: then a new process knows none until every Keeper reported.
    /// </summary>
    public IWatermarkStore? Watermarks { get; init; }

    /// <summary>The care of damaged StoryFiles; null = nobody's.</summary>
    public IArchiveCare? Care { get; init; }

    public required ILogger Logger { get; init; }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// Serves read.open, read.next_page and read.close: a table of cursors, each a merge of the sources of one plan, handed
/// out as pages (ColumnImages in slabs) of which one per cursor is exposed at a time.
/// </summary>
public sealed class ReadService
{
    /// <param name="options">Limits.</param>
    /// <param name="timers">For leases.</param>
    /// <param name="bulk">Gives and exposes the pages' memory.</param>
    /// <param name="plan">Called on the role's strand for every OpenRead of a range that is not empty.</param>
    /// <param name="fillers">
    /// Strands on which pages are filled, each cursor on one of them; none: on the strand of the role, with a yield after
    /// every few thousand events.
    /// </param>
    public ReadService(
        ReadServiceOptions options,
        ITimers timers,
        IBulkEndpoint bulk,
        Func<OpenReadRequest, CancellationToken, ValueTask<ReadPlan>> plan,
        IReadOnlyList<Strand>? fillers = null)
    {
        _ = (options, timers, bulk, plan, fillers);
    }

    /// <summary>What was served so far.</summary>
    public ReadStatistics Statistics => default;

    /// <summary>Registers the three methods; before the server's Start, on the role's strand.</summary>
    public void Register(IRpcServer server) => _ = server;

    /// <summary>Closes every cursor and refuses new ones. On the role's strand.</summary>
    public ValueTask StopAsync() => default;
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Retirement;

/// <summary>
/// The channel to the group's Grapher for progress reports: follows it to wherever it is. On the role's strand.
/// </summary>
public sealed class GrapherLink(string keeper, IRpcConnector connector, TimeSpan deadline, ILogger logger)
    : IAsyncDisposable
{
    private IRpcChannel? channel;
    private ProcessIdentity? grapher;
    private bool isFailing;

    /// <summary>Whether the Grapher of a new view is another process than the one before, which had existed.</summary>
    public bool IsReplacedBy(ProcessIdentity? next) => next is not null && grapher is not null
        && (next.ProcessId != grapher.ProcessId || next.Epoch != grapher.Epoch);

    /// <summary>Takes the Grapher of a new view of the group.</summary>
    public async ValueTask FollowAsync(ProcessIdentity? next)
    {
        if (next is null || (grapher is not null
            && !IsReplacedBy(next) && next.ServiceEndpoint == grapher.ServiceEndpoint))
        {
            return;
        }

        grapher = next;
        IRpcChannel? old = channel;
        channel = connector.Open(next.ServiceEndpoint);
        if (old is not null)
        {
            await old.DisposeAsync();
        }
    }

    /// <summary>
    /// Reports progress; a Grapher that is away hears of it with the next report. An empty report is sent too: it says
    /// that nothing of any story is left here.
    /// </summary>
    public async ValueTask ReportAsync(DrainProgressRequest progress, CancellationToken cancellation)
    {
        if (channel is null)
        {
            return;
        }

        progress.GrapherEpoch = grapher!.Epoch;
        try
        {
            await channel.CallAsync(Methods.DrainProgress, progress, deadline, cancellation);
            isFailing = false;
        }
        catch (ChronoLogException exception)
        {
            if (!isFailing)
            {
                isFailing = true;
                logger.LogWarning(
                    "{Name}: the Grapher at {Endpoint} does not take progress reports: {Reason}; they are repeated",
                    keeper, channel.Endpoint, exception.Message);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        IRpcChannel? last = channel;
        channel = null;
        if (last is not null)
        {
            await last.DisposeAsync();
        }
    }
}

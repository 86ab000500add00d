using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>
/// The base clock as a process knows it: distance from the last synchronisation point on the node's monotonic clock.
/// The
/// product's twin is the shared-memory clock of Transport, which is C; its rules are kept: four-timestamp exchanges,
/// the
/// least round trip counts, time never goes back.
/// </summary>
public sealed class SimClock(SimProcess process) : IBaseClock
{
    private const int ExchangesPerRound = 8;
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private ulong anchorBase;
    private long anchorLocal;
    private ulong last;

    public ulong UncertaintyNanoseconds { get; private set; }

    /// <summary>Takes any exchange, and lets corrections go backwards: for a planted defect.</summary>
    public bool Steps { get; set; }

    public ulong Now
    {
        get
        {
            ulong now = (ulong)((long)anchorBase + (process.MonotonicNanoseconds - anchorLocal));
            return last = Steps ? now : Math.Max(last, now);
        }
    }

    /// <summary>Until the Visor has told the time.</summary>
    public async Task SetAsync(IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method)
    {
        while (!await TryRoundAsync(visor, method))
        {
            await process.Delay(RetryPause);
        }
    }

    /// <summary>One round of exchanges.</summary>
    /// <exception cref="ChronoLogException">The Visor did not answer.</exception>
    public async Task SynchronizeAsync(
        IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!await TryRoundAsync(visor, method))
        {
            throw new ChronoLogException(Status.TimedOut, "the visor did not tell the time");
        }
    }

    public async Task KeepAsync(
        IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method, TimeSpan period,
        CancellationToken cancellation = default)
    {
        try
        {
            while (true)
            {
                await process.Delay(period, cancellation);
                await TryRoundAsync(visor, method);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    private async ValueTask<bool> TryRoundAsync(IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method)
    {
        (long Local, ulong Base, long RoundTrip) best = (0, 0, long.MaxValue);
        try
        {
            for (int i = 0; i < ExchangesPerRound; i++)
            {
                long sent = process.MonotonicNanoseconds;
                var request = new ClockRequest { ClientSend = (ulong)sent };
                ClockReply reply = await visor.CallAsync(method, request, CallDeadline);
                long received = process.MonotonicNanoseconds;
                long inside = (long)(reply.VisorSend - reply.VisorReceive);
                long roundTrip = received - sent - inside;
                if (roundTrip < best.RoundTrip || Steps)
                {
                    best = (sent + ((received - sent) / 2), reply.VisorReceive + (ulong)(inside / 2), roundTrip);
                }
            }
        }
        catch (ChronoLogException)
        {
            return false;
        }

        (anchorLocal, anchorBase) = (best.Local, best.Base);
        UncertaintyNanoseconds = (ulong)best.RoundTrip / 2;
        return true;
    }
}

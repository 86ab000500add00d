using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Transport.Timing;

/// <summary>
/// Sets a process's clock from the Visor's by four-timestamp exchanges: of several, the one with the least round trip
/// has the least asymmetry that could hide in it. (Cristian's algorithm with minimum-RTT filtering.)
/// </summary>
/// <param name="visor">Channel to the portal or the registry.</param>
/// <param name="method">The clock procedure of that port.</param>
/// <param name="clock">Receives the synchronisation points.</param>
public sealed class ClockSynchronizer(IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method, SharedClock clock)
{
    private const int ExchangesPerRound = 8;
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Round trip of the best exchange of the last round, in nanoseconds, the Visor's own time taken out.
    /// </summary>
    public ulong RoundTripNanoseconds { get; private set; }

    /// <summary>One round of exchanges; sets the clock.</summary>
    /// <exception cref="ChronoLogException">The Visor did not answer.</exception>
    public async Task SynchronizeAsync(CancellationToken cancellation = default)
    {
        (ulong Local, ulong Base, ulong RoundTrip, ulong Uncertainty) best = (0, 0, ulong.MaxValue, 0);
        for (int i = 0; i < ExchangesPerRound; i++)
        {
            ulong sent = SharedClock.MonotonicNanoseconds;
            var request = new ClockRequest { ClientSend = sent };
            ClockReply reply = await visor.CallAsync(method, request, CallDeadline, cancellation);
            ulong received = SharedClock.MonotonicNanoseconds;
            if (reply.VisorSend < reply.VisorReceive || received - sent < reply.VisorSend - reply.VisorReceive)
            {
                throw new ChronoLogException(Status.Internal, $"the visor's clock at {visor.Endpoint} went back");
            }

            ulong inside = reply.VisorSend - reply.VisorReceive;
            ulong roundTrip = received - sent - inside;
            if (roundTrip < best.RoundTrip)
            {
                ulong local = sent + ((received - sent) / 2);
                best = (local, reply.VisorReceive + (inside / 2), roundTrip, reply.UncertaintyNanoseconds);
            }
        }

        RoundTripNanoseconds = best.RoundTrip;
        clock.Set(best.Local, best.Base, (best.RoundTrip / 2) + best.Uncertainty);
    }

    /// <summary>
    /// Repeats rounds until cancelled; a Visor that does not answer leaves the clock running as it was.
    /// </summary>
    public async Task RunAsync(ITimers timers, TimeSpan period, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await timers.Delay(period, cancellation);
                try
                {
                    await SynchronizeAsync(cancellation);
                }
                catch (ChronoLogException)
                {
                    // The bound that the clock states grows with its age; nothing else is to be done here.
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Time;

/// <summary>
/// Keeps a process's clock near the Visor's: rounds of four-timestamp exchanges, of which the one with the least round
/// trip goes into the estimate (Cristian's algorithm with minimum-RTT filtering); corrections are slewed.
/// </summary>
/// <param name="visor">Channel to the portal or the registry.</param>
/// <param name="method">The clock procedure of that port.</param>
/// <param name="clock">Is led.</param>
public sealed class ClockSynchronizer(
    IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method, ISteeredClock clock)
{
    private const int ExchangesPerRound = 8;
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(2);

    // The drift is unknown at the beginning, and costs a microsecond of certainty per millisecond: so soon again.
    private static readonly TimeSpan FirstPeriod = TimeSpan.FromMilliseconds(250);

    private readonly ClockEstimator estimator = new();
    private readonly ClockDiscipline discipline = new();
    private readonly ClockSample[] round = new ClockSample[ExchangesPerRound];
    private ClockReport? last;
    private ulong roundLocal;

    /// <summary>
    /// Round trip of the best exchange of the last round, in nanoseconds, the Visor's own time taken out.
    /// </summary>
    public ulong RoundTripNanoseconds => Volatile.Read(ref last)?.RoundTripNanoseconds ?? 0;

    /// <summary>Of every exchange half the round trip: what the ATW of a Keeper follows.</summary>
    public LatencyWindow Latency { get; } = new();

    /// <summary>One round of exchanges; corrects the clock.</summary>
    /// <exception cref="ChronoLogException">The Visor did not answer, or what can't be true.</exception>
    public async Task SynchronizeAsync(CancellationToken cancellation = default)
    {
        if (!clock.VerifyLocal())
        {
            estimator.Clear();
            discipline.Rebase(clock.LocalNanoseconds, clock.Now);
        }

        for (int i = 0; i < ExchangesPerRound; i++)
        {
            ulong sent = clock.LocalNanoseconds;
            var request = new ClockRequest { ClientSend = sent };
            ClockReply reply = await visor.CallAsync(method, request, CallDeadline, cancellation);
            round[i] = new ClockSample(
                sent, clock.LocalNanoseconds, reply.VisorReceive, reply.VisorSend, reply.UncertaintyNanoseconds,
                reply.Epoch);
            if (round[i].IsPossible)
            {
                Latency.Add(round[i].RoundTrip / 2);
            }
        }

        if (!estimator.Add(round))
        {
            throw new ChronoLogException(Status.Internal, $"the visor's clock at {visor.Endpoint} went back");
        }

        Correct();
    }

    /// <summary>
    /// Repeats rounds until cancelled; a Visor that does not answer leaves the clock running as it was.
    /// </summary>
    public async Task RunAsync(ITimers timers, TimeSpan period, CancellationToken cancellation)
    {
        TimeSpan pause = FirstPeriod;
        try
        {
            while (true)
            {
                await timers.Delay(pause < period ? pause : period, cancellation);
                pause = pause < period ? pause * 2 : period;
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

    /// <summary>The state of the clock now, for heartbeats; null before the first round. From any thread.</summary>
    public ClockReport? Report()
    {
        if (Volatile.Read(ref last) is not { } report)
        {
            return null;
        }

        ClockReport now = report.Clone();
        now.UncertaintyNanoseconds = clock.UncertaintyNanoseconds;
        now.AgeSeconds = (clock.LocalNanoseconds - Volatile.Read(ref roundLocal)) / 1e9;
        return now;
    }

    private void Correct()
    {
        ulong local = clock.LocalNanoseconds;
        ClockEstimate estimate = estimator.At(local);
        clock.Steer(discipline.Steer(local, estimate));
        Volatile.Write(ref roundLocal, local);
        Volatile.Write(ref last, new ClockReport
        {
            OffsetNanoseconds = discipline.LastCorrection,
            DriftPartsPerMillion = estimate.Drift * 1e6,
            UncertaintyNanoseconds = estimate.Uncertainty,
            RoundTripNanoseconds = estimator.Newest.RoundTrip,
            TickSource = clock.TickSource,
            Contradictions = (uint)estimator.Contradictions,
        });
    }
}

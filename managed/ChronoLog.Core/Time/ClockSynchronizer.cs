using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Time;

/// <summary>
/// Keeps a process's clock near the Visor's: rounds of four-timestamp exchanges, of which the fastest request and the fastest
/// reply go into the estimate (Cristian's algorithm with minimum-RTT filtering, each way for itself); corrections are slewed.
/// </summary>
/// <param name="visor">Channel to the portal or the registry.</param>
/// <param name="method">The clock procedure of that port.</param>
/// <param name="clock">Is led.</param>
public sealed class ClockSynchronizer(
    IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method, ISteeredClock clock)
{
    /// <summary>Of one round: one right after the other, for the first ones wake processors up and take the longest.</summary>
    public const int ExchangesPerRound = Lanes * ExchangesPerLane;

    /// <summary>Of one round where the Visor, with so many who ask it, tells <see cref="PauseOfMany"/> or more.</summary>
    public const int ExchangesPerRoundOfMany = 8;

    /// <summary>From such a pause on rounds are small.</summary>
    public static readonly TimeSpan PauseOfMany = TimeSpan.FromSeconds(1);

    // Several on their way at once: while one is answered the threads that it has passed are at work for the next, and those of
    // a machine with nothing else to do take longer to wake than to answer.
    private const int Lanes = 4;
    private const int ExchangesPerLane = 12;

    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(2);

    private readonly ClockEstimator estimator = new();
    private readonly ClockDiscipline discipline = new();
    private readonly ClockSample[] round = new ClockSample[ExchangesPerRound];
    private readonly Func<ulong> local = () => clock.LocalNanoseconds;
    private ClockEstimate estimate;
    private TimeSpan told;
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

        (int count, int length) = told < PauseOfMany ? (Lanes, ExchangesPerLane) : (1, ExchangesPerRoundOfMany);
        var lanes = new Task<IReadOnlyList<TimedReply<ClockReply>>>[count];
        for (int i = 0; i < lanes.Length; i++)
        {
            lanes[i] = visor.CallInTurnAsync(
                method, new ClockRequest(), local, length, CallDeadline, cancellation).AsTask();
        }

        int made = 0;
        ChronoLogException? failure = null;
        foreach (Task<IReadOnlyList<TimedReply<ClockReply>>> lane in lanes)
        {
            try
            {
                made = Take(await lane, made);
            }
            catch (ChronoLogException exception)
            {
                failure ??= exception;
            }
        }

        if (failure is not null)
        {
            throw failure; // what the other lanes brought may be of a Visor that is no more, and its clock with it
        }

        if (!estimator.Add(round.AsSpan(0, made)))
        {
            throw new ChronoLogException(Status.Internal, $"the visor at {visor.Endpoint} told times that cannot be");
        }

        Correct();
    }

    /// <summary>
    /// Repeats rounds until cancelled, as often as <see cref="ClockPace"/> says; a Visor that does not answer leaves the
    /// clock running as it was.
    /// </summary>
    /// <param name="timers">Pauses.</param>
    /// <param name="period">The longest pause, unless the Visor asks for a longer one.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(ITimers timers, TimeSpan period, CancellationToken cancellation)
    {
        TimeSpan pause = ClockPace.PauseAfter(estimate, period, told);
        try
        {
            while (true)
            {
                await timers.Delay(pause, cancellation);
                try
                {
                    await SynchronizeAsync(cancellation);
                    pause = ClockPace.PauseAfter(estimate, period, told);
                }
                catch (ChronoLogException)
                {
                    // The bound that the clock states grows with its age; nothing else is to be done here.
                    pause = pause < period / 2 ? pause * 2 : period;
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

    private static ClockSample Of(in TimedReply<ClockReply> answer) => new(
        answer.Sent, answer.Received, answer.Reply.VisorReceive, answer.Reply.VisorSend,
        answer.Reply.UncertaintyNanoseconds, answer.Reply.Epoch);

    private int Take(IReadOnlyList<TimedReply<ClockReply>> answers, int made)
    {
        foreach (TimedReply<ClockReply> answer in answers)
        {
            ClockSample sample = Of(answer);
            round[made++] = sample;
            if (sample.IsPossible)
            {
                Latency.Add(sample.RoundTrip / 2);
            }

            told = TimeSpan.FromMilliseconds(answer.Reply.PauseMilliseconds);
        }

        return made;
    }

    private void Correct()
    {
        ulong now = clock.LocalNanoseconds;
        estimate = estimator.At(now);
        clock.Steer(discipline.Steer(now, estimate));
        Volatile.Write(ref roundLocal, now);
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

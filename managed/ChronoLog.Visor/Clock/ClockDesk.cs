using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;

namespace ChronoLog.Visor.Clock;

/// <summary>
/// Answers exchanges with the base clock, by the thread that receives them: whatever waits for the Visor's strand would lie
/// between the exchange's timestamps, and in the bound of whoever asked.
/// </summary>
internal sealed class ClockDesk(IVisorClock clock, ITimers timers)
{
    /// <summary>
    /// All processes and clients together. One exchange costs some 40 microseconds of a processor in the thread of the
    /// socket and in libzmq's: so a sixth of one processor at most, however many they are. Up to 83 have their large rounds as often as
    /// they want to, at most each second; a thousand a small one each 2 s, and ten thousand each 20 s.
    /// </summary>
    public const int ExchangesPerSecondMax = 4000;

    private uint pauseMilliseconds;

    /// <summary>How many ask. On the strand.</summary>
    public void Share(int askers)
    {
        uint small = (uint)ClockSynchronizer.PauseOfMany.TotalMilliseconds;
        uint pause = PauseFor(askers, ClockSynchronizer.ExchangesPerRound);
        Volatile.Write(
            ref pauseMilliseconds,
            pause < small ? pause : Math.Max(small, PauseFor(askers, ClockSynchronizer.ExchangesPerRoundOfMany)));
    }

    /// <param name="server">Gets the procedure.</param>
    /// <param name="method">Its name there.</param>
    public void Serve(IRpcServer server, RpcMethod<ClockRequest, ClockReply> method)
    {
        server.Handle(method, (request, _) => ValueTask.FromResult(Answer(request)));
        server.AnswerAtOnce(method, TryAnswer);
    }

    private static uint PauseFor(int askers, int exchanges) => (uint)((long)askers * exchanges * 1000 / ExchangesPerSecondMax);

    private ClockReply Answer(ClockRequest request)
    {
        ClockReply reply = NewReply(request, clock.Tell());
        reply.VisorSend = clock.Tell();
        return reply;
    }

    // From any thread. A mark that was not renewed in time is written by the strand, which alone may use the store.
    private ClockReply? TryAnswer(ClockRequest request, long receivedNanoseconds)
    {
        // Between the receipt and here lies work, whose time the bound of whoever asks should not have.
        ulong since = (ulong)Math.Max(0, timers.MonotonicNanoseconds - receivedNanoseconds);
        if (!clock.TryTell(out ulong now))
        {
            return null;
        }

        ClockReply reply = NewReply(request, now - since);
        if (!clock.TryTell(out ulong sent))
        {
            return null;
        }

        reply.VisorSend = sent;
        return reply;
    }

    private ClockReply NewReply(ClockRequest request, ulong received) => new()
    {
        ClientSend = request.ClientSend,
        VisorReceive = received,
        UncertaintyNanoseconds = clock.UncertaintyNanoseconds,
        Epoch = clock.Epoch,
        PauseMilliseconds = Volatile.Read(ref pauseMilliseconds),
    };
}

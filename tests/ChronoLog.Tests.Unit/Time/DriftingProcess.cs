using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;

namespace ChronoLog.Tests.Unit.Time;

/// <summary>
/// A process with a <see cref="DriftingClock"/> and all that its synchroniser wants: the clock that is steered, a channel
/// to a Visor, pauses. While a pause passes the clock is looked at again and again.
/// </summary>
internal sealed class DriftingProcess(DriftingClock clock, double requestFactor, double replyFactor)
    : IRpcChannel, ISteeredClock, ITimers
{
    private const int LooksPerPause = 4;

    private ClockLine line;

    /// <summary>What the Visor asks for.</summary>
    public uint PauseMilliseconds { get; set; }

    public bool VisorIsAway { get; set; }

    public int Exchanges { get; private set; }

    public List<TimeSpan> Pauses { get; } = [];

    /// <summary>Called at every look.</summary>
    public Action Look { get; set; } = static () => { };

    /// <summary>Ends the rounds.</summary>
    public CancellationTokenSource Ending { get; } = new();

    public int PausesMax { get; set; } = 1000;

    public ulong LocalNanoseconds => clock.Local;

    public string TickSource => "drifting";

    public ulong Now => line.At(clock.Local);

    public ulong UncertaintyNanoseconds => line.UncertaintyAt(clock.Local);

    /// <summary>By how much the clock is off in truth.</summary>
    public ulong Error => Now > clock.BaseTick ? Now - clock.BaseTick : clock.BaseTick - Now;

    public string Endpoint => "tcp://drifting:1";

    public long MonotonicNanoseconds => (long)clock.Local;

    public void Steer(in ClockLine next) => line = next;

    public ValueTask<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, TRequest request, TimeSpan deadline, CancellationToken cancellation = default)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply>
    {
        if (VisorIsAway)
        {
            clock.Pass(deadline.TotalNanoseconds);
            throw new ChronoLogException(Status.TimedOut, "away");
        }

        Exchanges++;
        (ulong received, ulong answered) = clock.Ask(requestFactor, replyFactor);
        return new ValueTask<TReply>((TReply)(object)new ClockReply
        {
            VisorReceive = received, VisorSend = answered, PauseMilliseconds = PauseMilliseconds,
        });
    }

    public Task Delay(TimeSpan duration, CancellationToken cancellation = default)
    {
        Pauses.Add(duration);
        for (int look = 0; look < LooksPerPause; look++)
        {
            Look();
            clock.Pass(duration.TotalNanoseconds / LooksPerPause);
        }

        Look();
        if (Pauses.Count == PausesMax)
        {
            Ending.Cancel();
        }

        return cancellation.IsCancellationRequested ? Task.FromCanceled(cancellation) : Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

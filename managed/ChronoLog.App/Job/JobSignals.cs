using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ChronoLog.App.Job;

/// <summary>Signals to a rank: all are passed on to its application; those that ask for its end end the job, too.</summary>
internal sealed class JobSignals : IDisposable
{
    private const int Hangup = 1;
    private const int Interrupt = 2;
    private const int User1 = 10;
    private const int User2 = 12;
    private const int Terminate = 15;

    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations;
    private RankApplication? application;
    private volatile int pending;

    public JobSignals(bool passesUserSignals)
    {
        registrations =
        [
            Register(Terminate, PosixSignal.SIGTERM), Register(Interrupt, PosixSignal.SIGINT), Register(Hangup, PosixSignal.SIGHUP),
            // A raw number stands for itself.
            Pass(User1, passesUserSignals), Pass(User2, passesUserSignals),
        ];
    }

    /// <summary>Cancelled by the first signal that asks for an end.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>That signal; 0: none came.</summary>
    public int Received => pending;

    /// <summary>When it came, as a Stopwatch's timestamp.</summary>
    public long ReceivedAt { get; private set; }

    /// <summary>Who gets them from now on, and what has come already.</summary>
    public void PassTo(RankApplication to)
    {
        application = to;
        if (pending != 0)
        {
            to.Signal(pending);
        }
    }

    public void Dispose()
    {
        registrations.ForEach(registration => registration.Dispose());
        source.Dispose();
    }

    private PosixSignalRegistration Register(int number, PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (pending == 0)
        {
            ReceivedAt = Stopwatch.GetTimestamp();
            pending = number;
        }

        application?.Signal(number);
        source.Cancel();
    });

    private PosixSignalRegistration Pass(int number, bool passes) => PosixSignalRegistration.Create((PosixSignal)number, context =>
    {
        context.Cancel = true;
        if (passes)
        {
            application?.Signal(number);
        }
    });
}

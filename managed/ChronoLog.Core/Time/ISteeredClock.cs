using ChronoLog.Core.Ports;

namespace ChronoLog.Core.Time;

/// <summary>The clock of a process, which a <see cref="ClockSynchronizer"/> leads.</summary>
public interface ISteeredClock : IBaseClock
{
    /// <summary>What a synchronisation measures with: the same clock that <see cref="IBaseClock.Now"/> is read from.</summary>
    ulong LocalNanoseconds { get; }

    /// <summary>Where the local clock comes from: "tsc", "monotonic".</summary>
    string TickSource { get; }

    /// <summary>Publishes a line.</summary>
    void Steer(in ClockLine line);

    /// <summary>Compares the local clock with another one of the machine, and leaves it if it is not to be trusted.</summary>
    /// <returns>False: the local clock is another one from now on; Now goes on where it was.</returns>
    bool VerifyLocal() => true;
}

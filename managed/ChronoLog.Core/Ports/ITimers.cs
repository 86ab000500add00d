namespace ChronoLog.Core.Ports;

/// <summary>Local elapsed time and waiting: real in a process, virtual in a simulation.</summary>
public interface ITimers
{
    /// <summary>Nanoseconds since an arbitrary start; never goes back, unaffected by steps of the wall clock.</summary>
    long MonotonicNanoseconds { get; }

    /// <summary>
    /// Completes after the duration; the continuation runs on the caller's <see cref="Agents.Strand"/>.
    /// </summary>
    Task Delay(TimeSpan duration, CancellationToken cancellation = default);
}

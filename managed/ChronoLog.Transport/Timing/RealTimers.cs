using ChronoLog.Core.Ports;

namespace ChronoLog.Transport.Timing;

/// <summary>Elapsed time and waiting of a real process: the monotonic clock of the operating system.</summary>
public sealed class RealTimers : ITimers
{
    public static RealTimers Instance { get; } = new();

    public long MonotonicNanoseconds => Monotonic.Nanoseconds;

    public Task Delay(TimeSpan duration, CancellationToken cancellation = default) =>
        Task.Delay(duration, cancellation);
}

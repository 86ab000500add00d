using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>
/// The base clock of this process, in the memory where the recorder reads it at every event: a distance from the last
/// synchronisation point, measured on CLOCK_MONOTONIC. Reads 0 until <see cref="Set"/>.
/// </summary>
public sealed class SharedClock : IBaseClock, IDisposable
{
    private readonly Lock gate = new();

    /// <summary>A rate of exactly 1 base nanosecond per monotonic nanosecond.</summary>
    public const double RateOne = 1.0;

    internal ClockHandle Handle { get; } = ClockHandle.Create();

    public ulong Now => Handle.Now;

    public ulong UncertaintyNanoseconds => Handle.UncertaintyNanoseconds;

    /// <summary>CLOCK_MONOTONIC now: what a synchronisation exchange measures with.</summary>
    public static ulong MonotonicNanoseconds => ClockHandle.MonotonicNanoseconds;

    /// <summary>
    /// Publishes a synchronisation point: at <paramref name="monotonicNanoseconds"/> the base clock read
    /// <paramref name="baseTick"/>. The clock never goes back.
    /// </summary>
    /// <param name="monotonicNanoseconds">On CLOCK_MONOTONIC.</param>
    /// <param name="baseTick">ChronoTick.</param>
    /// <param name="uncertaintyNanoseconds">Half width of the interval that holds the true base time.</param>
    /// <param name="rate">Base nanoseconds per monotonic nanosecond, between 0.99 and 1.01.</param>
    /// <returns>By how many nanoseconds the clock is now ahead of what was asked; to be slewed away.</returns>
    public ulong Set(ulong monotonicNanoseconds, ulong baseTick, ulong uncertaintyNanoseconds, double rate = RateOne)
    {
        lock (gate)
        {
            long ahead = rate is > 0.5 and < 1.5
                ? Handle.Set(
                    monotonicNanoseconds, baseTick, (ulong)(rate * ClockHandle.RateOne), uncertaintyNanoseconds)
                : NativeStatus.Invalid;
            return ahead >= 0
                ? (ulong)ahead
                : throw new ChronoLogException(
                    Status.InvalidArgument, $"clock rate {rate} is not within one percent of 1");
        }
    }

    public void Dispose() => Handle.Dispose();
}

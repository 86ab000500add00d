using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>
/// The base clock of this process, in the memory where the recorder reads it at every event: a distance from the last
/// synchronisation point, measured on the processor's counter or CLOCK_MONOTONIC. Reads 0 until <see cref="Set"/>.
/// </summary>
public sealed class SharedClock : ISteeredClock, IDisposable
{
    private readonly Lock gate = new();

    /// <summary>A rate of exactly 1 base nanosecond per local nanosecond.</summary>
    public const double RateOne = 1.0;

    internal ClockHandle Handle { get; } = ClockHandle.Create();

    public ulong Now => Handle.Now;

    public ulong UncertaintyNanoseconds => Handle.UncertaintyNanoseconds;

    public ulong LocalNanoseconds => Handle.Local;

    public string TickSource => Handle.IsCounter ? "tsc" : "monotonic";

    /// <summary>CLOCK_MONOTONIC now.</summary>
    public static ulong MonotonicNanoseconds => ClockHandle.MonotonicNanoseconds;

    /// <summary>What ticks are read from on this machine, for people, and whether it is the fast one.</summary>
    public static string DescribeSource(out bool isCounter)
    {
        string refusal = ClockHandle.CounterRefusal;
        isCounter = refusal.Length == 0;
        return isCounter
            ? string.Create(
                CultureInfo.InvariantCulture, $"tsc at {ClockHandle.CounterHertz / 1e6:0.0} MHz, invariant and verified")
            : $"CLOCK_MONOTONIC: {refusal}";
    }

    /// <summary>
    /// Publishes a synchronisation point: at <paramref name="localNanoseconds"/> the base clock read
    /// <paramref name="baseTick"/>. The clock never goes back.
    /// </summary>
    /// <param name="localNanoseconds">See <see cref="LocalNanoseconds"/>.</param>
    /// <param name="baseTick">ChronoTick.</param>
    /// <param name="uncertaintyNanoseconds">Half width of the interval that holds the true base time.</param>
    /// <param name="rate">Base nanoseconds per local nanosecond, between 0.99 and 1.01.</param>
    /// <returns>By how many nanoseconds the clock is now ahead of what was asked; to be slewed away.</returns>
    public ulong Set(ulong localNanoseconds, ulong baseTick, ulong uncertaintyNanoseconds, double rate = RateOne)
    {
        lock (gate)
        {
            long ahead = rate is > 0.5 and < 1.5
                ? Handle.Set(
                    localNanoseconds, baseTick, (ulong)(rate * ClockHandle.RateOne), uncertaintyNanoseconds)
                : NativeStatus.Invalid;
            return ahead >= 0
                ? (ulong)ahead
                : throw new ChronoLogException(
                    Status.InvalidArgument, $"clock rate {rate} is not within one percent of 1");
        }
    }

    public void Steer(in ClockLine line)
    {
        var native = new NativeClockLine
        {
            BaseLocal = line.BaseLocal,
            BaseTick = line.BaseTick,
            Rate = line.Rate,
            SlewNanoseconds = line.SlewNanoseconds,
            RateAfter = line.RateAfter,
            Uncertainty = line.Uncertainty,
            Growth = line.Growth,
            Correction = line.Correction,
        };
        lock (gate)
        {
            if (Handle.Steer(native) == NativeStatus.Invalid)
            {
                throw new ChronoLogException(Status.Internal, $"no clock runs like this: {line}");
            }
        }
    }

    public bool VerifyLocal()
    {
        lock (gate)
        {
            return Handle.Verify();
        }
    }

    public void Dispose() => Handle.Dispose();
}

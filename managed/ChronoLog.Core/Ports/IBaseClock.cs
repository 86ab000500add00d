namespace ChronoLog.Core.Ports;

/// <summary>The base clock as this process knows it.</summary>
public interface IBaseClock
{
    /// <summary>
    /// Now, as a ChronoTick (nanoseconds on the Visor's clock since the Unix epoch). Never goes back.
    /// </summary>
    ulong Now { get; }

    /// <summary>
    /// Half width, in nanoseconds, of the interval around <see cref="Now"/> that holds the true base time.
    /// </summary>
    ulong UncertaintyNanoseconds { get; }
}

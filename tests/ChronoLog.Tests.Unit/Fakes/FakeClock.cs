using ChronoLog.Visor.Clock;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>A base clock that follows the manual timers from a given tick on, plus what a test adds.</summary>
public sealed class FakeClock(ManualTimers? timers = null, ulong start = 0) : IVisorClock
{
    private ulong added;

    public ulong Now => start + added + (ulong)(timers?.MonotonicNanoseconds ?? 0);

    public ulong UncertaintyNanoseconds { get; set; }

    /// <summary>Moves this clock alone forward.</summary>
    public void Advance(ulong nanoseconds) => added += nanoseconds;
}

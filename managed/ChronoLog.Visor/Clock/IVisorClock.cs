using ChronoLog.Core.Ports;

namespace ChronoLog.Visor.Clock;

/// <summary>The base clock as the Visor tells it to others.</summary>
public interface IVisorClock : IBaseClock
{
    /// <summary>What was measured against a clock with another epoch says nothing about this one.</summary>
    ulong Epoch => 0;

    /// <summary>Now, as a reading that somebody will rely on: it has to be remembered over a restart.</summary>
    /// <exception cref="Core.Protocol.ChronoLogException">It can't be remembered.</exception>
    ulong Tell() => Now;

    /// <summary>The same from any thread, where nothing has to be written for it.</summary>
    /// <returns>False: <see cref="Tell"/> has to do it.</returns>
    bool TryTell(out ulong now)
    {
        now = Now;
        return true;
    }
}

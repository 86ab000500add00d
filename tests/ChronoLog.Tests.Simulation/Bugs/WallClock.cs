using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Visor.Clock;

namespace ChronoLog.Tests.Simulation.Bugs;

/// <summary>A planted defect: a base clock that is the node's wall clock.</summary>
internal sealed class WallClock(SimNode node) : IVisorClock
{
    public ulong Now => (ulong)(node.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    public ulong UncertaintyNanoseconds => 0;
}

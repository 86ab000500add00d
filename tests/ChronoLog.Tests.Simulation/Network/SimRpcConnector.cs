using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>A process's way to others.</summary>
public sealed class SimRpcConnector(SimNetwork network, SimProcess process) : IRpcConnector
{
    public IRpcChannel Open(string endpoint) => new SimRpcChannel(network, process, endpoint);
}

using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>A process's way to others.</summary>
public sealed class SimRpcConnector(SimNetwork network, SimProcess process) : IRpcConnector
{
    /// <summary>Changes a request before it is sent: what a client might have asked as well.</summary>
    public Action<Google.Protobuf.IMessage>? Vary { get; init; }

    public IRpcChannel Open(string endpoint) => new SimRpcChannel(network, process, endpoint) { Vary = Vary };
}

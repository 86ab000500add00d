using System.Net;
using ChronoLog.App.Deployment;
using ChronoLog.Core.Ports;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Job;

/// <summary>One node's share of a job's deployment, as a supervisor runs it in the process of the node's lowest rank.</summary>
internal sealed class NodeServers : IDisposable
{
    // Behind the ports of Visor, Grapher and Player in a block.
    private const int KeeperPortOffset = 6;

    private readonly Supervisor supervisor;
    private readonly CancellationTokenSource watching = new();
    private Task watch = Task.CompletedTask;

    public NodeServers(JobOptions options, JobPlan plan, int node, JobDirectory run, IRpcConnector connector, ILogger logger)
    {
        IPAddress address = AddressOf(options, plan, node);
        DeploymentOptions deployment = options.Deployment;
        int firstKeeper = node * deployment.Keepers;
        int keeperPort = KeeperPortOffset
            + (node == 0 ? PortOf(plan.Endpoint) : deployment.PortBase + (2 * firstKeeper) ?? FreePorts.Find(address));
        supervisor = new Supervisor(
            deployment with
            {
                Address = address.ToString(),
                PortBase = PortOf(plan.Endpoint),
                Share = new DeploymentShare
                {
                    IsRoot = node == 0,
                    Endpoint = plan.Endpoint,
                    RegistryEndpoint = plan.RegistryEndpoint,
                    FirstKeeper = firstKeeper,
                    KeeperPort = keeperPort,
                    StateDirectory = node == 0 ? deployment.Directory : run.StateFolder(node),
                },
            },
            Environment.ProcessPath!, connector, logger);
    }

    public IReadOnlyList<string> LeftBehind => supervisor.LeftBehind;

    /// <summary>The most Keepers of a node whose ports are looked for: a block's are no more.</summary>
    public static int KeepersMax => (FreePorts.PortsWanted - KeeperPortOffset) / 2;

    /// <summary>Returns when this node's processes serve.</summary>
    /// <exception cref="Core.Protocol.ChronoLogException">They do not.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await supervisor.StartAsync(cancellation);
        watch = supervisor.WatchAsync(watching.Token);
    }

    /// <summary>Every node serves: whoever looks into the directory finds the deployment.</summary>
    public void Publish() => supervisor.PublishEndpoint();

    public async Task<bool> StopAsync(Func<Task>? othersDrained)
    {
        await watching.CancelAsync();
        await watch;
        return await supervisor.StopAsync(othersDrained);
    }

    public void Dispose()
    {
        supervisor.Dispose();
        watching.Dispose();
    }

    private static IPAddress AddressOf(JobOptions options, JobPlan plan, int node)
    {
        IPAddress root = IPAddress.Parse(plan.Address);
        return node == 0 ? root : options.Address is null ? NodeAddress.Towards(root) : NodeAddress.Find(options.Address);
    }

    private static int PortOf(string endpoint) => new Uri(endpoint).Port;
}

using ChronoLog.App.Hosting;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>The Visor, composed as <see cref="VisorHost"/> does it.</summary>
internal sealed class VisorProcess(Deployment deployment, SimNode node, int incarnation)
    : SimProcess(node, "visor", incarnation)
{
    public override void Start()
    {
        Strand strand = NewStrand("role");
        SimNetwork network = deployment.Network;
        var store = new SimMetadataStore(this, deployment.Database);
        var clock = new AnchoredClock(this, store, () => Node.UtcNow);
        var portal = new SimRpcServer(network, this, strand, Deployment.VisorPortal);
        var registry = new SimRpcServer(network, this, strand, Deployment.VisorRegistry);
        var identity = new ProcessIdentity
        {
            Role = Role.Visor,
            Name = Name,
            Host = Node.Name,
            ServiceEndpoint = portal.Endpoint,
            AdminEndpoint = registry.Endpoint,
            Epoch = clock.Now,
        };
        var options = new VisorOptions
        {
            HeartbeatPeriod = deployment.Settings.DeadAfter / 4,
            DeadAfter = deployment.Settings.DeadAfter,
            ClientLease = deployment.Settings.ClientLease,
            NotifyDeadline = TimeSpan.FromSeconds(1),
        };
        var role = new VisorRole(
            options, identity, portal, registry, new SimRpcConnector(network, this), store, clock, this,
            World.Random.Below, Logger);
        this.Launch(strand, () =>
        {
            role.Start();
            return new ValueTask(role.RunAsync(CancellationToken.None));
        });
        this.Launch(strand, () => MarkAsync(clock));
    }

    private async ValueTask MarkAsync(AnchoredClock clock)
    {
        while (true)
        {
            await Delay(AnchoredClock.MarkPeriod);
            clock.Mark();
        }
    }
}

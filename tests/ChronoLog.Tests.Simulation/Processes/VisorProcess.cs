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
    private readonly CancellationTokenSource stop = new();
    private Strand strand = null!;

    public override void Start()
    {
        strand = NewStrand("role");
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
            return RunAsync(role, MarkAsync(clock));
        });
    }

    protected override void BeginStop() => this.Launch(strand, () =>
    {
        stop.Cancel();
        return default;
    });

    // As VisorHost does it.
    private async ValueTask RunAsync(VisorRole role, ValueTask marking)
    {
        await role.RunAsync(stop.Token);
        await marking;
        Exit();
    }

    private async ValueTask MarkAsync(AnchoredClock clock)
    {
        try
        {
            while (true)
            {
                await Delay(AnchoredClock.MarkPeriod, stop.Token);
                clock.Mark();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            clock.Mark();
        }
    }
}

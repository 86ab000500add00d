using ChronoLog.App.Hosting;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Visor;
using ChronoLog.Visor.Clock;

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
        var store = new SimMetadataStore(this, deployment.Database, deployment.Bugs);
        BaseClock clock = OpenClock(store);
        IVisorClock told = deployment.Bugs.Has(PlantedBug.BaseClockFollowsWallClock) ? new WallClock(Node) : clock;
        if (deployment.BaseClock is { } before && deployment.BaseBoot == Node.BootId)
        {
            deployment.Checker.CheckBase(before.Now, told.Now);
        }

        (deployment.BaseClock, deployment.BaseBoot) = (told, Node.BootId);
        var portal = new SimRpcServer(network, this, strand, Deployment.VisorPortal);
        var registry = new SimRpcServer(network, this, strand, Deployment.VisorRegistry);
        var identity = new ProcessIdentity
        {
            Role = Role.Visor,
            Name = Name,
            Host = Node.Name,
            ServiceEndpoint = portal.Endpoint,
            AdminEndpoint = registry.Endpoint,
            Epoch = told.Now,
        };
        var options = new VisorOptions
        {
            HeartbeatPeriod = deployment.Settings.DeadAfter / 4,
            DeadAfter = deployment.Settings.DeadAfter,
            ClientLease = deployment.Settings.ClientLease,
            NotifyDeadline = TimeSpan.FromSeconds(1),
        };
        var role = new VisorRole(
            options, identity, portal, registry, new SimRpcConnector(network, this), store, told, this,
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

    // A planted defect: a Visor that forgets where its clock was anchored begins at the wall clock.
    private BaseClock OpenClock(SimMetadataStore store) => BaseClock.Open(
        this, store, () => Node.UtcNow,
        new BaseClockOptions
        {
            BootId = Node.BootId,
            BehindMax = TimeSpan.FromDays(1),
            IsAnchoredAnew = deployment.Bugs.Has(PlantedBug.AnchorForgotten),
        },
        Logger);

    private async ValueTask MarkAsync(BaseClock clock)
    {
        try
        {
            while (true)
            {
                await Delay(BaseClock.MarkPeriod, stop.Token);
                clock.Mark();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            clock.Mark();
        }
    }
}

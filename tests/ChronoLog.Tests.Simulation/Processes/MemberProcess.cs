using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Tests.Unit.Fakes;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>What Keeper, Grapher and Player have in common: data plane, synchronised clock, registration.</summary>
internal abstract class MemberProcess : SimProcess
{
    private const long BulkBudget = 1 << 20;
    private static readonly TimeSpan ClockPeriod = TimeSpan.FromSeconds(1);

    protected MemberProcess(Deployment deployment, SimNode node, string name, int incarnation, Role role)
        : base(node, name, incarnation)
    {
        Deployment = deployment;
        Role = role;
        Strand = NewStrand("role");
        Connector = new SimRpcConnector(deployment.Network, this);
        Bulk = SimBulk.Open(deployment.Network, this, BulkBudget, deployment.Settings.SlabBytesMax);
        Clock = new SimClock(this, deployment.CheckClock);
    }

    public Deployment Deployment { get; }

    public ArchiveDisk Archive => Deployment.Archives[Deployment.GroupOf(Name)];

    protected Role Role { get; }

    protected Strand Strand { get; }

    protected SimRpcConnector Connector { get; }

    protected InMemoryBulk Bulk { get; }

    protected SimClock Clock { get; }

    /// <summary>The base clock, as this process knows it.</summary>
    public ulong Now => Clock.Now;

    public override void Start() => this.Launch(Strand, async () =>
    {
        IRpcChannel visor = Connector.Open(Deployment.VisorRegistry);
        await Clock.SetAsync(visor, Methods.RegistryClock);
        this.Launch(Strand, () => new ValueTask(Clock.KeepAsync(visor, Methods.RegistryClock, ClockPeriod)));
        await ComposeAsync();
        IsComposed = true;
    });

    /// <summary>Puts the role together and starts it; the base clock is set.</summary>
    protected abstract ValueTask ComposeAsync();

    /// <summary>What the product's host does on SIGTERM, once the role runs.</summary>
    protected abstract ValueTask StopRoleAsync();

    /// <summary>The role runs: it can be stopped in order.</summary>
    protected bool IsComposed { get; set; }

    protected override void BeginStop() => this.Launch(Strand, async () =>
    {
        if (IsComposed)
        {
            await StopRoleAsync();
        }

        Exit();
    });

    protected SimRpcServer Listen(string port) =>
        new(Deployment.Network, this, Strand, $"tcp://{Name}:{port}");

    protected RegistryClient Register(SimRpcServer service, SimRpcServer admin)
    {
        var identity = new ProcessIdentity
        {
            Role = Role,
            Name = Name,
            Host = Node.Name,
            Pid = (uint)Deployment.NewPid(),
            ServiceEndpoint = service.Endpoint,
            AdminEndpoint = admin.Endpoint,
            Epoch = Clock.Now,
            FabricProvider = Bulk.Provider,
            Archive = Role == Role.Keeper ? "" : $"archive-{Deployment.GroupOf(Name)}",
            Group = (uint)Deployment.GroupOf(Name),
        };
        var options = new RegistryOptions { CallDeadline = TimeSpan.FromMilliseconds(500) };
        return new RegistryClient(Connector.Open(Deployment.VisorRegistry), identity, options, this, Logger);
    }

    protected IReadOnlyList<Strand> NewStrands(string purpose, int count) =>
        [.. Enumerable.Range(0, count).Select(number => NewStrand($"{purpose} {number}"))];
}

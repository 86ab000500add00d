using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Keeper;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Memory;
using ChronoLog.Tests.Simulation.Network;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>A Keeper, composed as in the product, on the shared memory and the journal disk of its node.</summary>
internal sealed class KeeperProcess(Deployment deployment, SimNode node, string name, int incarnation)
    : MemberProcess(deployment, node, name, incarnation, Role.Keeper)
{
    private const int QueueMax = 1 << 20;
    private static readonly TimeSpan SleepMaxAlone = TimeSpan.FromMilliseconds(20);

    private readonly List<SimAgent> agents = [];
    private KeeperRole? role;
    private SimJournal? journal;

    /// <summary>It took up what its former self left, and is registered.</summary>
    public bool IsServing { get; private set; }

    /// <summary>No chunk is left here that is not archived.</summary>
    public bool IsDrained => role is not null && role.ChunksNotArchived == 0;

    protected override async ValueTask ComposeAsync()
    {
        SimSettings settings = Deployment.Settings;
        SimRpcServer recording = Listen("recording");
        SimRpcServer admin = Listen("admin");
        RegistryClient registry = Register(recording, admin);
        var drain = new RdmaExtractor(
            "drain",
            new RdmaExtractorOptions(
                Connector, Bulk, () => registry.Group?.Grapher?.ServiceEndpoint, () => admin.Endpoint)
            {
                Deadline = TimeSpan.FromSeconds(1),
            },
            receiver: null);
        var extraction = new ExtractionModule(
            settings.ExtractionStreams, [drain], new ExtractionQueue(QueueMax, long.MaxValue), Logger);
        var device = new SimDevice(this);
        journal = new SimJournal(
            this, Deployment.JournalOf(Name), settings.SegmentBytes, settings.JournalQuota,
            () => Deployment.Disks, Deployment.Bugs, device);
        role = new KeeperRole(Options(settings), new KeeperPorts
        {
            Strand = Strand,
            Recording = recording,
            Admin = admin,
            Connector = Connector,
            Registry = registry,
            Bulk = Bulk,
            Rings = new SimRingHost(this, Deployment.Memories[Node.Number], Deployment.Bugs, device),
            Journals = [journal],
            Clock = Clock,
            Latency = Clock.Latency,
            Timers = this,
            Extraction = extraction,
            ExtractionStrands = NewStrands("extraction", extraction.StreamCount),
            ReadStrands = NewStrands("hot read", 1),
            Logger = Logger,
        });
        device.Stall = StartAgents(role, settings);
        await role.StartAsync();
        IsServing = true;
    }

    // As KeeperHost does it.
    protected override async ValueTask StopRoleAsync()
    {
        bool isDrained = await role!.DrainAsync(Deployment.Settings.DrainDeadline);
        agents.ForEach(static agent => agent.Dispose());
        await role.StopAsync();
        if (isDrained && IsAlive)
        {
            Deployment.Flushes.Drained(Name);
        }

        journal!.Dispose();
    }

    private Action<TimeSpan> StartAgents(KeeperRole keeper, SimSettings settings)
    {
        TimeSpan Sleep() =>
            keeper.IngestionAgents.Any(static agent => agent.Rings.Count > 0) ? settings.AgentSleep : SleepMaxAlone;

        List<SimAgent> others =
            [.. keeper.SyncAgents.Append<IAgent>(keeper.PreparationAgent).Select(agent => AddAgent(agent, Sleep))];
        agents.AddRange(others);
        foreach (IngestionAgent agent in keeper.IngestionAgents)
        {
            SimAgent own = AddAgent(agent, Sleep);
            agents.Add(own);
            agent.Wake = () =>
            {
                own.Wake();
                others.ForEach(static other => other.Wake());
            };
        }

        return duration => others[0].Stall(duration); // one stream: one agent that syncs
    }

    private KeeperOptions Options(SimSettings settings) => new()
    {
        Name = Name,
        Host = Node.Name,
        ChunkDuration = settings.KeeperChunk,
        AcceptanceWindow = settings.KeeperWindow,
        FollowsNetwork = settings.FollowsNetwork,
        AtwCeiling = settings.KeeperWindow,
        RingBytesDefault = settings.RingBytes,
        RingBytesMin = 1024,
        SyncInterval = settings.SyncInterval,
        Following = settings.Following,
        FollowSettle = settings.FollowSettle,
        FenceDeadline = TimeSpan.FromMilliseconds(300),
        RemoteSilence = TimeSpan.FromSeconds(3),
        CallDeadline = TimeSpan.FromSeconds(1),
        Backoff = new RetryBackoff(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500)),
        AwaitsArchivedNotice = Deployment.Bugs.Has(PlantedBug.ReleaseOnAcknowledge) ? false : null,
    };
}

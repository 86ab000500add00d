using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Clients;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Memory;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Tests.Unit.Visor;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>
/// Nodes, wires, disks, and the processes on them: node 0 has the Visor, node 1 Graphers, Players and archives, each
/// further one Keepers and clients. A process that died starts again as a new incarnation on what is left of it.
/// </summary>
internal sealed class Deployment
{
    /// <summary>The chronicle with two copies of each event.</summary>
    public const string Replicated = "replicated";

    /// <summary>The chronicle whose events are ordered by their arrival, within granules of <see cref="Granule"/>.</summary>
    public const string Ordered = "ordered";

    /// <summary>Nanoseconds.</summary>
    public const ulong Granule = 1_000_000_000;

    /// <summary>The story that is destroyed now and then, when there is one.</summary>
    public const string Destroyed = "d0";

    public const string VisorPortal = "tcp://visor:5555";
    public const string VisorRegistry = "tcp://visor:8888";

    // Good quartz is within 20 parts in a million; bad one within 200.
    private const double DriftMax = 1e-4;

    private readonly Dictionary<string, int> incarnations = [];
    private readonly SortedDictionary<string, SimProcess> running = new(StringComparer.Ordinal);
    private int lastPid = 1000;

    public Deployment(SimWorld world, SimSettings settings, PlantedBugs bugs)
    {
        World = world;
        Settings = settings;
        Bugs = bugs;
        Network = new SimNetwork(world);
        Model = new ReferenceModel();
        Checker = new ReplayChecker(
            world, Model, name => name.Incarnation < Database.NextIncarnation(name.Chronicle, name.Story));
        Flushes = new FlushChecker(this);
        Nodes = [.. Enumerable.Range(0, 2 + settings.ComputeNodes).Select(number =>
            new SimNode(world, number, DriftMax * ((world.Random.Below(2001) / 1000.0) - 1)))];
        Memories = [.. Nodes.Select(static _ => new SharedMemory())];
        Journals = [.. Enumerable.Range(0, settings.Keepers).Select(static _ => new JournalDisk())];
        Archives = [.. Enumerable.Range(0, settings.Groups).Select(static _ => new ArchiveDisk())];
        Network.Place(VisorPortal, Nodes[0]);
        Network.Place(VisorRegistry, Nodes[0]);
        BugTampering.Install(this);
    }

    public SimWorld World { get; }

    public SimSettings Settings { get; }

    public PlantedBugs Bugs { get; }

    public SimNetwork Network { get; }

    public ReferenceModel Model { get; }

    public ReplayChecker Checker { get; }

    public FlushChecker Flushes { get; }

    /// <summary>Those that follow a story now.</summary>
    public List<SimFollower> Followers { get; } = [];

    public IReadOnlyList<SimNode> Nodes { get; }

    public IReadOnlyList<SharedMemory> Memories { get; }

    /// <summary>One per Keeper.</summary>
    public IReadOnlyList<JournalDisk> Journals { get; }

    /// <summary>One per recording group.</summary>
    public IReadOnlyList<ArchiveDisk> Archives { get; }

    public IEnumerable<SimStoryFile> StoryFiles => Archives.SelectMany(static archive => archive.Files);

    public MemoryMetadataStore Database { get; } = new();

    /// <summary>What the Visor's clock reads: also while the Visor is away, for it goes on as it was.</summary>
    public IBaseClock? BaseClock { get; set; }

    /// <summary>The boot on which it is.</summary>
    public string BaseBoot { get; set; } = "";

    public DiskConditions Disks { get; set; } = DiskConditions.Calm;

    /// <summary>Clients record and replay while it is set.</summary>
    public bool IsLoaded { get; set; } = true;

    public IEnumerable<SimProcess> Running => running.Values.Where(static process => process.IsAlive);

    public IEnumerable<KeeperProcess> Keepers => Running.OfType<KeeperProcess>();

    public IEnumerable<ClientProcess> Clients => Running.OfType<ClientProcess>();

    /// <summary>Every process that belongs to the deployment, by name.</summary>
    public IReadOnlyList<string> Names =>
    [
        "visor",
        .. Enumerable.Range(0, Settings.Groups).SelectMany(
            static group => (string[])[$"grapher-{group}", $"player-{group}"]),
        .. Enumerable.Range(0, Settings.Keepers).Select(number => $"keeper-{number}"),
        .. Enumerable.Range(0, Settings.Clients).Select(number => $"client-{number}"),
    ];

    /// <summary>The base clock is within what a process's clock states. (In virtual time both are read at once.)</summary>
    public void CheckClock(SimClock clock)
    {
        if (BaseClock is { } truth)
        {
            Checker.CheckClock(clock.Process.FullName, truth.Now, clock.Now, clock.UncertaintyNanoseconds);
        }
    }

    /// <summary>Names of the stories that are recorded; one of them with two copies of each event.</summary>
    public IReadOnlyList<string> Stories =>
    [
        .. Enumerable.Range(0, Settings.Stories).Select(static number => $"s{number}"),
        .. Settings.HasReplicas ? ["r0"] : Array.Empty<string>(),
        .. Settings.HasOrdered ? ["o0"] : Array.Empty<string>(),
        .. Settings.HasDestroyed ? [Destroyed] : Array.Empty<string>(),
    ];

    public static string ChronicleOf(string story) =>
        story.StartsWith('r') ? Replicated : story.StartsWith('o') ? Ordered : "c";

    public int NewPid() => ++lastPid;

    public SimProcess? Find(string name) =>
        running.TryGetValue(name, out SimProcess? process) && process.IsAlive ? process : null;

    public SimNode NodeOf(string name) => name switch
    {
        "visor" => Nodes[0],
        _ when IsStorage(name) => Nodes[1],
        _ => Nodes[2 + (Number(name) % Settings.ComputeNodes)],
    };

    /// <summary>Every Keeper and Grapher is the one that was there at the beginning.</summary>
    public bool HasNoNewcomers => incarnations.All(static each => each.Value == 1
        || !(each.Key.StartsWith("keeper-", StringComparison.Ordinal)
            || each.Key.StartsWith("grapher-", StringComparison.Ordinal)));

    public JournalDisk JournalOf(string keeper) => Journals[Number(keeper)];

    /// <summary>The recording group of a Grapher, a Player or a Keeper.</summary>
    public int GroupOf(string name) =>
        IsStorage(name) ? Number(name) : Number(name) / Settings.ComputeNodes % Settings.Groups;

    /// <summary>Whether a gap says no more than that a damaged StoryFile cannot be read.</summary>
    public bool IsDamageOf(Core.Protocol.Gap gap) => Archives.Any(archive => archive.IsDamageOf(gap));

    /// <summary>The journals of a node's Keepers.</summary>
    public IEnumerable<JournalDisk> JournalsOn(SimNode node) =>
        Journals.Where((_, number) => Nodes[2 + (number % Settings.ComputeNodes)] == node);

    /// <summary>Starts the process, or starts it again.</summary>
    public SimProcess Start(string name)
    {
        int incarnation = incarnations.GetValueOrDefault(name);
        incarnations[name] = incarnation + 1;
        SimNode node = NodeOf(name);
        SimProcess process = name switch
        {
            "visor" => new VisorProcess(this, node, incarnation),
            _ when name.StartsWith("grapher-", StringComparison.Ordinal) =>
                new GrapherProcess(this, node, name, incarnation),
            _ when name.StartsWith("player-", StringComparison.Ordinal) =>
                new PlayerProcess(this, node, name, incarnation),
            _ when name.StartsWith("keeper-", StringComparison.Ordinal) =>
                new KeeperProcess(this, node, name, incarnation),
            _ => new ClientProcess(this, node, name, incarnation),
        };
        World.Note("start", process.FullName);
        running[name] = process;
        process.Start();
        return process;
    }

    private static bool IsStorage(string name) =>
        name.StartsWith("grapher-", StringComparison.Ordinal) || name.StartsWith("player-", StringComparison.Ordinal);

    private static int Number(string name) =>
        int.Parse(name.AsSpan(name.IndexOf('-') + 1), System.Globalization.CultureInfo.InvariantCulture);
}

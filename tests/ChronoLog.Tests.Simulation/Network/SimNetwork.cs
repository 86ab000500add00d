using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Unit.Fakes;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>
/// The wires of the deployment: who listens where, what is cut, and when a message arrives, if at all.
/// </summary>
public sealed class SimNetwork(SimWorld world)
{
    private readonly Dictionary<string, SimRpcServer> servers = [];
    private readonly HashSet<(int From, int To)> cuts = [];
    private readonly Dictionary<string, SimProcess> bulkOwners = [];
    private readonly Dictionary<string, SimNode> nodes = [];

    public LinkConditions Conditions { get; set; } = LinkConditions.Calm;

    /// <summary>The data plane's regions; who may reach them is decided here.</summary>
    public InMemoryBulkNetwork Bulk { get; } = new();

    /// <summary>Changes a message before its receiver sees it: for planted defects.</summary>
    public Action<SimProcess, Google.Protobuf.IMessage>? Tamper { get; set; }

    public void Cut(int from, int to)
    {
        world.Note("cut", "network", (ulong)from, (ulong)to);
        cuts.Add((from, to));
    }

    public void Mend(int from, int to)
    {
        world.Note("mend", "network", (ulong)from, (ulong)to);
        cuts.Remove((from, to));
    }

    public void MendAll() => cuts.Clear();

    public bool IsCut(SimNode from, SimNode to) => from != to && cuts.Contains((from.Number, to.Number));

    public void Attach(SimRpcServer server) => servers[server.Endpoint] = server;

    public void Detach(SimRpcServer server)
    {
        if (servers.GetValueOrDefault(server.Endpoint) == server)
        {
            servers.Remove(server.Endpoint);
        }
    }

    public SimRpcServer? Find(string endpoint) =>
        servers.TryGetValue(endpoint, out SimRpcServer? server) && server.Process.IsAlive ? server : null;

    /// <summary>An endpoint belongs to a node whether or not anybody listens there.</summary>
    public void Place(string endpoint, SimNode node) => nodes[endpoint] = node;

    public SimNode NodeOf(string endpoint) => nodes.TryGetValue(endpoint, out SimNode? node)
        ? node
        : throw new InvalidOperationException($"nobody placed {endpoint} on a node");

    public void OwnBulk(SimProcess process) => bulkOwners[process.FullName] = process;

    public SimProcess? BulkOwner(string name) => bulkOwners.GetValueOrDefault(name);

    /// <summary>Sends a message; it arrives never, once or twice.</summary>
    /// <param name="from">Where it leaves; a message that is on its way when its sender dies arrives.</param>
    /// <param name="to">Where it arrives.</param>
    /// <param name="lane">Order is kept within a lane, unless the message is reordered.</param>
    /// <param name="arrive">What happens then.</param>
    public void Send(SimNode from, SimNode to, Lane lane, Action arrive)
    {
        SimRandom random = world.Random;
        bool isRemote = from != to;
        if (isRemote && random.Chance(Conditions.Loss))
        {
            world.Note("lost", from.Name, (ulong)to.Number);
            return;
        }

        int copies = isRemote && random.Chance(Conditions.Duplication) ? 2 : 1;
        for (int copy = 0; copy < copies; copy++)
        {
            long due = world.Now + Delay(random);
            bool mayOvertake = copy > 0 || (isRemote && random.Chance(Conditions.Reordering));
            due = mayOvertake ? due : Math.Max(due, lane.LastArrival);
            lane.LastArrival = mayOvertake ? lane.LastArrival : due;
            world.At(due, () =>
            {
                if (IsCut(from, to))
                {
                    world.Note("cut off", from.Name, (ulong)to.Number);
                }
                else
                {
                    arrive();
                }
            });
        }
    }

    public long Delay(SimRandom random)
    {
        long most = random.Chance(Conditions.LongDelays) ? Conditions.LongDelay.Ticks : Conditions.DelayMax.Ticks;
        return random.Between(Conditions.DelayMin.Ticks * 100, most * 100);
    }
}

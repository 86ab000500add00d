using ChronoLog.Client;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Launch;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Memory;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Tests.Simulation.Processes;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Simulation.Clients;

/// <summary>The product's client on simulated ports.</summary>
internal sealed class SimClientPorts : IClientPorts
{
    private const long BulkBudget = 1 << 20;
    private const int SlabBytesMax = 1 << 18;

    // Readers of the C client may pull the Keepers' pages themselves, or have the Player do it.
    private const double PullsForeignPages = 0.7;

    // A run lasts seconds: with the product's period no clock would be corrected in it.
    private static readonly TimeSpan ClockPeriodMax = TimeSpan.FromSeconds(1);

    private readonly ClientProcess client;
    private readonly Deployment deployment;
    private readonly SimClock clock;

    public SimClientPorts(ClientProcess client, Deployment deployment, uint processId)
    {
        this.client = client;
        this.deployment = deployment;
        ProcessId = processId;
        clock = new SimClock(client, deployment.CheckClock) { Steps = deployment.Bugs.Has(PlantedBug.ClockStepsBack) };
        Connector = new SimRpcConnector(deployment.Network, client)
        {
            Vary = message =>
            {
                if (message is OpenReadRequest read)
                {
                    read.AcceptsForeignPages = client.World.Random.Chance(PullsForeignPages);
                }
            },
        };
    }

    public IRpcConnector Connector { get; }

    public ITimers Timers => client;

    public IBaseClock Clock => clock;

    public string Host => client.Node.Name;

    public uint ProcessId { get; }

    public LaunchedRank? Rank => null;

    public bool StaysOnContext => true;

    public Task SynchronizeAsync(IRpcChannel portal, CancellationToken cancellation) =>
        clock.SynchronizeAsync(portal, Methods.Clock, cancellation);

    public Task KeepSynchronizedAsync(IRpcChannel portal, TimeSpan period, CancellationToken cancellation) =>
        clock.KeepAsync(portal, Methods.Clock, period < ClockPeriodMax ? period : ClockPeriodMax, cancellation);

    public ClockReport? ReportClock() => clock.Report();

    public IRecorderSession OpenSession(ulong clientId) =>
        new SimRecorderSession(client, deployment, clock, clientId);

    public IMirroredRing CreateRing(ulong clientId, OpenRingReply reply)
    {
        RingMemory? keeperEnd = deployment.Memories.Select(memory => memory.Find(reply.Path)).FirstOrDefault(
            static found => found is not null);
        if (keeperEnd is null)
        {
            throw new ChronoLogException(Status.NotExist, $"the Keeper that made ring '{reply.Path}' has lost it");
        }

        var memory = new RingMemory(
            client.Node, $"/private/{client.FullName}-{reply.RingId}", clientId, reply.RingId, (long)reply.CapacityBytes,
            0, client)
        {
            Owner = client.FullName, KeeperEnd = keeperEnd,
        };
        keeperEnd.ClientEnd = memory;
        client.OwnEnds.Add(memory);
        return new SimMirroredRing(memory, client, deployment.Bugs);
    }

    public IAgentRun Run(IAgent agent, Func<TimeSpan> sleepMax, Action<Exception> failed) =>
        client.AddAgent(agent, sleepMax);

    public IDisposable Run(Strand strand)
    {
        client.Adopt(strand);
        return new Pump(strand);
    }

    public IBulkEndpoint OpenBulk(ProcessIdentity server)
    {
        InMemoryBulk bulk = SimBulk.Open(deployment.Network, client, BulkBudget, SlabBytesMax);
        bulk.VerifiesChecksum = !deployment.Bugs.Has(PlantedBug.SkipPullChecksum);
        return bulk;
    }

    public ValueTask DisposeAsync() => default;

    // Runs what is queued, as the thread does that it stands for.
    private sealed class Pump(Strand strand) : IDisposable
    {
        public void Dispose()
        {
            strand.Posted = null;
            while (strand.DoWork() > 0)
            {
            }
        }
    }
}

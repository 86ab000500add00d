using ChronoLog.Core.Agents;
using ChronoLog.Core.Launch;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Bulk;
using ChronoLog.Transport.Rings;
using ChronoLog.Transport.Rpc;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Client;

/// <summary>The ports of an application's process: ZeroMQ, libfabric, the recorder in C, threads.</summary>
internal sealed class NativeClientPorts(ILogger logger) : IClientPorts
{
    private readonly ZmqRpcConnector connector = new(logger);
    private readonly SharedClock clock = new();
    // As large as a Keeper's largest: what it says is not believed beyond that.
    private readonly SharedRingHost rings = new(new SharedRingOptions { IsPrivate = true, CapacityMax = 256L << 20 });
    private ClockSynchronizer? synchronizer;

    public IRpcConnector Connector => connector;

    public ITimers Timers => RealTimers.Instance;

    public IBaseClock Clock => clock;

    public string Host => HostIdentity.Current;

    public uint ProcessId => (uint)Environment.ProcessId;

    public LaunchedRank? Rank { get; } = LaunchEnvironment.Read(Environment.GetEnvironmentVariable);

    public bool StaysOnContext => false;

    public Task SynchronizeAsync(IRpcChannel portal, CancellationToken cancellation)
    {
        synchronizer ??= new ClockSynchronizer(portal, Methods.Clock, clock);
        return synchronizer.SynchronizeAsync(cancellation);
    }

    public Task KeepSynchronizedAsync(IRpcChannel portal, TimeSpan period, CancellationToken cancellation)
    {
        synchronizer ??= new ClockSynchronizer(portal, Methods.Clock, clock);
        return synchronizer.RunAsync(Timers, period, cancellation);
    }

    public ClockReport? ReportClock() => synchronizer?.Report();

    public IRecorderSession OpenSession(ulong clientId) => new RecorderSession(clientId, clock);

    public IMirroredRing CreateRing(ulong clientId, OpenRingReply reply) =>
        rings.Create(clientId, reply.RingId, producerPid: 0, (long)reply.CapacityBytes);

    public IAgentRun Run(IAgent agent, Func<TimeSpan> sleepMax, Action<Exception> failed) =>
        new AgentRunner(agent, sleepMax, failed);

    public IDisposable Run(Strand strand) => new StrandThread(strand);

    public IBulkEndpoint OpenBulk(ProcessIdentity server)
    {
        string provider = server.FabricProvider.Length > 0 ? server.FabricProvider : "auto";
        return FabricBulkEndpoint.Open(new FabricOptions(provider, SourceAddress.Towards(server.ServiceEndpoint)));
    }

    public async ValueTask DisposeAsync()
    {
        await connector.DisposeAsync().ConfigureAwait(false);
        clock.Dispose();
        rings.Dispose();
    }
}

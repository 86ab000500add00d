using ChronoLog.Client;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Visor;
using ChronoLog.Transport.Rpc;
using ChronoLog.Transport.Timing;
using ChronoLog.Visor;
using ChronoLog.Visor.Clock;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>
/// The real Visor with a Keeper and a Player that the test plays, in this process and over loopback. Clients that were
/// connected through it are disposed with it.
/// </summary>
internal sealed class LoopbackDeployment : IAsyncDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private readonly VisorOptions options;
    private readonly MemoryMetadataStore store = new();
    private readonly StrandThread strand = new(new Strand("visor"));
    private readonly ZmqRpcConnector connector = new(NullLogger.Instance);
    private readonly List<IAsyncDisposable> members = [];
    private readonly List<ChronoClient> clients = [];
    private readonly Dictionary<string, ulong> processes = [];
    private ZmqRpcServer registry = null!;
    private CancellationTokenSource stop = null!;
    private Task running = Task.CompletedTask;

    private LoopbackDeployment(VisorOptions options) => this.options = options;

    public HookedServer Portal { get; private set; } = null!;

    public PlayedKeeper Keeper { get; private set; } = null!;

    public PlayedPlayer Player { get; private set; } = null!;

    /// <param name="options">The Visor's; members need not send heartbeats.</param>
    /// <param name="keeper">With a Keeper on this node.</param>
    /// <param name="player">With a Player.</param>
    public static async Task<LoopbackDeployment> StartAsync(
        VisorOptions? options = null, bool keeper = true, bool player = false)
    {
        var deployment = new LoopbackDeployment(
            (options ?? new VisorOptions()) with { DeadAfter = TimeSpan.FromHours(1) });
        await deployment.StartVisorAsync(AnyPort, AnyPort);
        if (keeper)
        {
            await deployment.JoinAsync(deployment.Keeper = new PlayedKeeper());
        }

        if (player)
        {
            deployment.Player = new PlayedPlayer();
            deployment.members.Add(deployment.Player);
            await deployment.RegisterAsync(deployment.Player.Identity);
        }

        return deployment;
    }

    /// <summary>Adds a Keeper to the recording group.</summary>
    public async Task JoinAsync(PlayedKeeper keeper)
    {
        members.Add(keeper);
        await RegisterAsync(keeper.Identity);
    }

    public ulong ProcessOf(PlayedKeeper keeper) => processes[keeper.Name];

    /// <summary>The Keeper takes leave and registers anew: the same process at the same place, under another id.</summary>
    public async Task JoinAgainAsync(PlayedKeeper keeper)
    {
        await using IRpcChannel channel = connector.Open(registry.Endpoint);
        await channel.CallAsync(
            Methods.Unregister,
            new HeartbeatRequest { ProcessId = processes[keeper.Name], Epoch = keeper.Identity.Epoch },
            Eventually.Patience);
        await RegisterAsync(keeper.Identity);
    }

    /// <summary>Connects a client with rings of 64 KiB and pages as small as they can be.</summary>
    public async Task<ChronoClient> ConnectAsync(Func<ClientOptions, ClientOptions>? change = null)
    {
        var given = new ClientOptions { Endpoint = Portal.Endpoint, ReplayPageBytes = 64 << 10 };
        ChronoClient client = await ChronoClient.ConnectAsync(change?.Invoke(given) ?? given);
        clients.Add(client);
        return client;
    }

    public Task StopVisorAsync() => StopVisorAsync(Portal, registry);

    /// <summary>Another Visor on the same metadata and ports; the Keeper has registered again.</summary>
    public async Task RestartVisorAsync()
    {
        (string portal, string registered) = (Portal.Endpoint, registry.Endpoint);
        await StopVisorAsync();
        await StartVisorAsync(portal, registered);
        await RegisterAsync(Keeper.Identity);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChronoClient client in clients)
        {
            await client.DisposeAsync();
        }

        await StopVisorAsync();
        foreach (IAsyncDisposable member in members)
        {
            await member.DisposeAsync();
        }

        await connector.DisposeAsync();
        strand.Dispose();
    }

    private async Task StartVisorAsync(string portalEndpoint, string registryEndpoint)
    {
        stop = new CancellationTokenSource();
        Portal = new HookedServer(new ZmqRpcServer(portalEndpoint, strand.Strand, NullLogger.Instance));
        registry = new ZmqRpcServer(registryEndpoint, strand.Strand, NullLogger.Instance);
        var visor = new VisorRole(
            options,
            new ProcessIdentity { Role = Role.Visor, Name = "visor" },
            Portal,
            registry,
            connector,
            store,
            new RunningClock(),
            RealTimers.Instance,
            bound => 0,
            NullLogger.Instance);
        await strand.Strand.InvokeAsync(() =>
        {
            visor.Start();
            return default;
        });
        running = strand.Strand.InvokeAsync(() => new ValueTask(visor.RunAsync(stop.Token)));
    }

    private async Task StopVisorAsync(IAsyncDisposable portal, IAsyncDisposable registered)
    {
        await stop.CancelAsync();
        await running;
        await portal.DisposeAsync();
        await registered.DisposeAsync();
    }

    /// <summary>A member's heartbeat says that it is in trouble; an empty one, that it is not.</summary>
    public async Task BeatAsync(ProcessIdentity member, string trouble)
    {
        await using IRpcChannel channel = connector.Open(registry.Endpoint);
        var heartbeat = new HeartbeatRequest { ProcessId = member.ProcessId, Epoch = member.Epoch, Trouble = trouble };
        await channel.CallAsync(Methods.Heartbeat, heartbeat, Eventually.Patience);
    }

    private async Task RegisterAsync(ProcessIdentity identity)
    {
        await using IRpcChannel channel = connector.Open(registry.Endpoint);
        RegisterReply reply = await channel.CallAsync(
            Methods.Register, new RegisterRequest { Identity = identity }, Eventually.Patience);
        processes[identity.Name] = reply.ProcessId;
    }

    /// <summary>A base clock with the rate of this machine's, far from its wall clock.</summary>
    internal sealed class RunningClock : IVisorClock
    {
        public const ulong Start = 4_000_000_000_000_000_000;

        public ulong Now => Start + (ulong)RealTimers.Instance.MonotonicNanoseconds;

        public ulong UncertaintyNanoseconds => 0;
    }
}

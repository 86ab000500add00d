using ChronoLog.Core.Agents;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Player;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Tests.Unit.Playback;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Player;

/// <summary>
/// A whole recording group around one Player: Visor, Keepers, Grapher, archive and reader, in memory.
/// </summary>
public sealed class PlayerFixture
{
    private readonly IRpcChannel query;
    private readonly IRpcChannel admin;
    private ulong viewEpoch;

    public PlayerFixture(
        int keepers = 2, bool grapher = true, int strands = 1, PlayerOptions? options = null, IColdTier? cold = null)
    {
        Rpc = new InMemoryRpc(Timers);
        Pump = new StrandPump(Timers);
        Keepers =
        [
            .. Enumerable.Range(0, keepers).Select(i => new TierFake(this, Core.Protocol.Role.Keeper, $"keeper-{i}")),
        ];
        Grapher = new TierFake(this, Core.Protocol.Role.Grapher, "grapher-0");
        View.Keepers.Add(Keepers.Select(keeper => keeper.Identity));
        View.Grapher = grapher ? Grapher.Identity : null;
        Strand = Pump.Add("player");
        Reader = Pump.Add("reader");
        Bulk = Network.NewEndpoint("player");
        ReaderBulk = Network.NewEndpoint("reader");
        InMemoryRpcServer queryServer = Rpc.NewServer(Strand);
        InMemoryRpcServer adminServer = Rpc.NewServer(Strand);
        IRpcChannel visor = Rpc.Open(ServeVisor().Endpoint);
        Strand[] readStrands = [.. Enumerable.Range(0, strands).Select(i => Pump.Add($"read-{i}"))];
        Player = new PlayerRole(options ?? new PlayerOptions { Name = "player-0" }, new PlayerPorts
        {
            Strand = Strand,
            Registry = new RegistryClient(
                visor, new ProcessIdentity { Role = Core.Protocol.Role.Player, Name = "player-0", Group = 1, Archive = "own" },
                new RegistryOptions(), Timers, NullLogger.Instance),
            Timers = Timers,
            Query = queryServer,
            Admin = adminServer,
            Connector = Rpc,
            Bulk = Bulk,
            Cold = cold ?? Cold,
            ReadStrands = readStrands,
            Logger = NullLogger.Instance,
        });
        query = Rpc.Open(queryServer.Endpoint);
        admin = Rpc.Open(adminServer.Endpoint);
        Pump.Run(Strand, () =>
        {
            Player.Start();
            return default;
        });
        Pump.Settle();
    }

    public ManualTimers Timers { get; } = new();

    public StrandPump Pump { get; }

    public InMemoryRpc Rpc { get; }

    public InMemoryBulkNetwork Network { get; } = new();

    public InMemoryBulk Bulk { get; }

    public InMemoryBulk ReaderBulk { get; }

    public Strand Strand { get; }

    public Strand Reader { get; }

    public IReadOnlyList<TierFake> Keepers { get; }

    public TierFake Grapher { get; }

    public ColdFake Cold { get; } = new();

    public GroupView View { get; } = new() { Group = 1, Epoch = 1 };

    public PlayerRole Player { get; }

    public List<HeartbeatRequest> Heartbeats { get; } = [];

    /// <summary>The Visor's answer to every heartbeat has these views.</summary>
    public List<GroupView> OtherGroups { get; } = [];

    public static StoryDescriptor Story => ReadFixture.Request().Story;

    /// <summary>Makes a process unreachable.</summary>
    public void Lose(params TierFake[] lost)
    {
        HashSet<string> endpoints = [.. lost.Select(tier => tier.Identity.AdminEndpoint)];
        Rpc.LoseRequest = (endpoint, _) => endpoints.Contains(endpoint);
    }

    /// <summary>Publishes the changed view with the next story.</summary>
    public void PublishView() => Admin(Methods.StartStoryRecording, new StartStoryRecordingRequest
    {
        Story = Story,
        Group = new GroupView(View) { Epoch = ++viewEpoch + 1 },
    });

    public TReply Admin<TRequest, TReply>(RpcMethod<TRequest, TReply> method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply> =>
        Pump.Run(Reader, () => admin.CallAsync(method, request, TimeSpan.FromSeconds(30)));

    public FollowReply Follow(FollowRequest request) =>
        Pump.Run(Reader, () => query.CallAsync(Methods.Follow, request, TimeSpan.FromSeconds(30)));

    public ValueTask<RemoteReadSource> OpenAsync(OpenReadRequest? request = null) =>
        RemoteReadSource.OpenAsync(query, ReaderBulk, Timers, request ?? ReadFixture.Request());

    public (List<TestEvent> Events, IReadOnlyList<Gap> Gaps) Replay(OpenReadRequest? request = null) =>
        Pump.Run(Reader, async () =>
        {
            await using RemoteReadSource source = await OpenAsync(request);
            return (await ReadFixture.Drain(source), source.Gaps);
        });

    /// <summary>After all replays: no slab is rented and no cursor open anywhere.</summary>
    public void ExpectNothingLeft()
    {
        Pump.Settle();
        foreach (TierFake tier in Keepers.Append(Grapher))
        {
            Assert.That(tier.Reads.Statistics.CursorsOpen, Is.Zero, tier.Identity.Name);
            Assert.That(tier.Bulk.BytesRented, Is.Zero, tier.Identity.Name);
        }

        Assert.That(Player.Reads.CursorsOpen, Is.Zero);
        Assert.That(Bulk.BytesRented + ReaderBulk.BytesRented, Is.Zero);
        Assert.That(Network.Exposures, Is.Zero);
    }

    private InMemoryRpcServer ServeVisor()
    {
        InMemoryRpcServer visor = Rpc.NewServer(Pump.Add("visor"));
        visor.Handle(Methods.Register, (_, _) => ValueTask.FromResult(new RegisterReply
        {
            ProcessId = 9,
            Group = View.Clone(),
            Stories = { Story },
            HeartbeatMilliseconds = 1000,
        }));
        visor.Handle(Methods.Heartbeat, (request, _) =>
        {
            Heartbeats.Add(request);
            return ValueTask.FromResult(new HeartbeatReply { OtherGroups = { OtherGroups } });
        });
        visor.Handle(Methods.Unregister, (_, _) => ValueTask.FromResult(new Empty()));
        visor.Start();
        return visor;
    }
}

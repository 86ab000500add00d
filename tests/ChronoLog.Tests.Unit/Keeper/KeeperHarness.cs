using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Time;
using ChronoLog.Keeper;
using ChronoLog.Tests.Unit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>
/// A Keeper on fakes and manual time: chunks of 1 s, windows of 1 s. Base time begins at <see cref="Start"/>.
/// </summary>
internal sealed class KeeperHarness : IDisposable
{
    public const ulong Second = 1_000_000_000;
    public const ulong Start = 1_800_000_000 * Second;
    public const ulong GrapherEpoch = 7;

    private readonly ManualTimers timers = new();
    private readonly InMemoryRpcServer visor;
    private readonly InMemoryRpcServer grapher;
    private readonly IJournal? realJournal;

    public KeeperHarness(
        Func<KeeperOptions, KeeperOptions>? change = null, FakeJournal? journal = null, IJournal? realJournal = null)
    {
        this.realJournal = realJournal;
        Journal = journal ?? new FakeJournal();
        Pump = new StrandPump(timers);
        Clock = new FakeClock(timers, Start);
        Rpc = new InMemoryRpc(timers);
        Strand others = Pump.Add("others");
        visor = Rpc.NewServer(others, "tcp://visor:1");
        visor.Handle(Methods.Register, (request, _) =>
        {
            Registrations++;
            LastRegistered = request.Identity;
            return ValueTask.FromResult(
                new RegisterReply { ProcessId = 17, Group = View, HeartbeatMilliseconds = 100 });
        });
        visor.Handle(Methods.Heartbeat, (request, _) =>
        {
            LastHeartbeat = request;
            var reply = new HeartbeatReply { Group = View.Epoch > request.GroupEpoch ? View : null };
            Answer?.Invoke(request, reply);
            return ValueTask.FromResult(reply);
        });
        visor.Handle(Methods.Unregister, (_, _) => ValueTask.FromResult(new Empty()));
        visor.Start();
        grapher = Rpc.NewServer(others, "tcp://grapher:1");
        grapher.Handle(Methods.DrainProgress, (request, _) =>
        {
            LastProgress = request;
            return ValueTask.FromResult(new Empty());
        });
        grapher.Start();
        View.Grapher = NewGrapher(GrapherEpoch);
        Role = Make(change);
    }

    public FakeJournal Journal { get; }

    public FakeRingHost Rings { get; } = new();

    public FakeExtractor Extractor { get; } = new();

    public FakeClock Clock { get; }

    /// <summary>What the clock's exchanges measured.</summary>
    public LatencyWindow Latency { get; } = new();

    public InMemoryRpc Rpc { get; }

    public InMemoryBulkNetwork Network { get; } = new();

    public StrandPump Pump { get; }

    public Strand Strand { get; private set; } = null!;

    public KeeperRole Role { get; }

    public GroupView View { get; } = new() { Group = 0, Epoch = 1 };

    public int Registrations { get; private set; }

    /// <summary>As the Keeper gave it at its last registration.</summary>
    public ProcessIdentity? LastRegistered { get; private set; }

    public HeartbeatRequest? LastHeartbeat { get; private set; }

    /// <summary>What the Visor adds to its answers to heartbeats.</summary>
    public Action<HeartbeatRequest, HeartbeatReply>? Answer { get; set; }

    public DrainProgressRequest? LastProgress { get; private set; }

    /// <summary>While false, the ingestion thread stands still.</summary>
    public bool Ingests { get; set; } = true;

    public static ProcessIdentity NewGrapher(ulong epoch) => new()
    {
        Role = ChronoLog.Core.Protocol.Role.Grapher, ProcessId = 3, Epoch = epoch, ServiceEndpoint = "tcp://grapher:1",
    };

    public static StoryDescriptor Story(string story) => new()
    {
        Chronicle = "c", Story = story, StoryId = StoryIdentity.Hash("c", story),
    };

    public KeeperHarness Started()
    {
        Pump.Run(Strand, async () => await Role.StartAsync());
        return this;
    }

    /// <summary>One cycle of every agent, and all that follows from it, while time stands still.</summary>
    public void Cycle()
    {
        for (int i = 0; i < 3; i++)
        {
            Pump.Settle();
            Agents();
        }

        Pump.Settle();
    }

    /// <summary>Lets time pass in small steps, with the agents running in each.</summary>
    public void Pass(TimeSpan duration)
    {
        TimeSpan step = TimeSpan.FromMilliseconds(5);
        for (TimeSpan passed = TimeSpan.Zero; passed < duration; passed += step)
        {
            Agents();
            Pump.Advance(step);
        }

        Cycle();
    }

    public TReply Call<TRequest, TReply>(string endpoint, RpcMethod<TRequest, TReply> method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply>
    {
        Task<TReply> call = Strand.InvokeAsync(
            async () => await Rpc.Open(endpoint).CallAsync(method, request, TimeSpan.FromSeconds(10)));
        for (int i = 0; i < 5000 && !call.IsCompleted; i++)
        {
            Cycle();
            if (!call.IsCompleted)
            {
                Pump.Advance(TimeSpan.FromMilliseconds(5));
            }
        }

        return call.GetAwaiter().GetResult();
    }

    public TReply CallAdmin<TRequest, TReply>(RpcMethod<TRequest, TReply> method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply> => Call("tcp://keeper:2", method, request);

    public FakeRing OpenRing(ulong client = 5, uint pid = 100)
    {
        Call("tcp://keeper:1", Methods.OpenRing, new OpenRingRequest { ClientId = client, Host = "here", Pid = pid });
        return Rings.Rings[^1];
    }

    public ulong StartStory(string story)
    {
        CallAdmin(Methods.StartStoryRecording, new StartStoryRecordingRequest { Story = Story(story) });
        return Story(story).StoryId;
    }

    public void Archive(params PartialIdentity[] partials)
    {
        var request = new ArchivedRequest();
        request.Partials.AddRange(partials);
        CallAdmin(Methods.Archived, request);
    }

    public void Agents()
    {
        if (Ingests)
        {
            Role.IngestionAgents[0].DoWork();
        }

        Role.SyncAgents[0].DoWork();
        Role.PreparationAgent.DoWork();
    }

    public void Dispose()
    {
        Pump.Run(Strand, async () => await Role.StopAsync());
        Journal.Dispose();
    }

    private KeeperRole Make(Func<KeeperOptions, KeeperOptions>? change)
    {
        Strand = Pump.Add("keeper");
        var options = new KeeperOptions
        {
            Name = "keeper-0",
            Host = "here",
            ChunkDuration = TimeSpan.FromSeconds(1),
            AcceptanceWindow = TimeSpan.FromSeconds(1),
            AwaitsArchivedNotice = true,
        };
        var identity = new ProcessIdentity
        {
            Role = ChronoLog.Core.Protocol.Role.Keeper, Name = "keeper-0", Epoch = 42,
        };
        return new KeeperRole(change?.Invoke(options) ?? options, new KeeperPorts
        {
            Latency = Latency,
            Strand = Strand,
            Recording = Rpc.NewServer(Strand, "tcp://keeper:1"),
            Admin = Rpc.NewServer(Strand, "tcp://keeper:2"),
            Connector = Rpc,
            Registry = new RegistryClient(
                Rpc.Open("tcp://visor:1"), identity, new RegistryOptions(), timers, NullLogger.Instance),
            Bulk = Network.NewEndpoint("keeper"),
            Rings = Rings,
            Journals = [realJournal ?? Journal],
            Clock = Clock,
            Timers = timers,
            Extraction = new ExtractionModule(
                1, [Extractor], new ExtractionQueue(16, 1 << 20), NullLogger.Instance),
            ExtractionStrands = [Pump.Add("extraction")],
            Logger = NullLogger.Instance,
        });
    }
}

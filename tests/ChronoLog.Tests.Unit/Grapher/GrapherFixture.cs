using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Grapher;
using ChronoLog.Grapher.Watermarks;
using ChronoLog.Store.Archive;
using ChronoLog.Tests.Unit.Fakes;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>
/// A whole Grapher on virtual time, with a Visor, a Player and Keepers that are played by the test. The archive is a
/// <see cref="RecordingExtractor"/>. Time starts at second 1000; chunks are 10 s, windows 5 s, the hold limit 20 s.
/// </summary>
public sealed class GrapherFixture
{
    public const ulong Second = 1_000_000_000;
    private ulong viewEpoch = 1;

    public GrapherFixture(
        Func<GrapherOptions, GrapherOptions>? change = null,
        long bulkBudget = 64 << 20,
        IEnumerable<PartialKey>? alreadyArchived = null,
        IWatermarkStore? watermarks = null,
        bool starts = true)
    {
        Pump = new StrandPump(new ManualTimers());
        Clock = new FakeClock(Pump.Timers, 1000 * Second);
        Rpc = new InMemoryRpc(Pump.Timers);
        Strand = Pump.Add("grapher");
        Peers = Pump.Add("peers");
        Bulk = Network.NewEndpoint("grapher", bulkBudget);
        Drain = Rpc.NewServer(Strand, "tcp://grapher:9999");
        Admin = Rpc.NewServer(Strand, "tcp://grapher:4444");
        Keepers = [new TestKeeper(this, 7), new TestKeeper(this, 8)];
        ServeVisor();
        ServePlayer();
        GrapherOptions options = new()
        {
            Name = "grapher-0",
            ChunkDuration = TimeSpan.FromSeconds(10),
            AcceptanceWindow = TimeSpan.FromSeconds(5),
            HoldLimit = TimeSpan.FromSeconds(20),
            RetirePeriod = TimeSpan.FromMilliseconds(100),
        };
        Role = new GrapherRole(change?.Invoke(options) ?? options, NewPorts(alreadyArchived ?? [], watermarks));
        Pump.Run(Strand, () =>
        {
            Role.Start();
            return ValueTask.CompletedTask;
        });
        Pump.Settle();
        if (starts)
        {
            StartStory(Story);
        }
    }

    public StrandPump Pump { get; }

    public FakeClock Clock { get; }

    public InMemoryRpc Rpc { get; }

    public InMemoryBulkNetwork Network { get; } = new();

    public InMemoryBulk Bulk { get; }

    public Strand Strand { get; }

    public Strand Peers { get; }

    public InMemoryRpcServer Drain { get; }

    public InMemoryRpcServer Admin { get; }

    public IReadOnlyList<TestKeeper> Keepers { get; }

    public GrapherRole Role { get; }

    public RecordingLogger Logger { get; } = new();

    public RecordingExtractor Archive { get; } = new("archive") { WritesStoryFiles = true };

    public List<StoryFileNotice> PlayerNotices { get; } = [];

    public List<StoryDescriptor> Destroyed { get; } = [];

    public StoryDescriptor Story { get; } = TestChunks.Story();

    /// <summary>The newest heartbeat.</summary>
    public HeartbeatRequest Heartbeat { get; private set; } = new();

    /// <summary>Stories that the Visor knows; null: it says nothing about stories.</summary>
    public IReadOnlyList<StoryDescriptor>? Known { get; set; }

    /// <summary>Of the last read.</summary>
    public ulong Watermark { get; private set; }

    /// <summary>False loses every notice to the Player.</summary>
    public bool PlayerAnswers
    {
        set => Rpc.LoseRequest = value ? null : (_, method) => method == Methods.StoryFileAppeared.Name;
    }

    /// <summary>Every event in the archive, in the order of the chunks.</summary>
    public IReadOnlyList<string> Archived => [.. Archive.Taken.SelectMany(taken => taken.Events)];

    public void Advance(double seconds) => Pump.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Every Keeper reports that it drained up to the tick.</summary>
    public void ReportAll(ulong through)
    {
        foreach (TestKeeper keeper in Keepers)
        {
            keeper.Report(through);
        }
    }

    public TReply Call<TRequest, TReply>(string endpoint, RpcMethod<TRequest, TReply> method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply> =>
        Pump.Run(Peers, () => Rpc.Open(endpoint).CallAsync(method, request, TimeSpan.FromSeconds(30)));

    /// <summary>Process ids of Keepers that are on their way out, in views from now on.</summary>
    public List<ulong> Draining { get; } = [];

    public void StartStory(StoryDescriptor story, IEnumerable<TestKeeper>? keepers = null) => Call(
        Admin.Endpoint, Methods.StartStoryRecording,
        new StartStoryRecordingRequest { Story = story, Group = NewView(keepers ?? Keepers) });

    public void DestroyStory() =>
        Call(Admin.Endpoint, Methods.DestroyStoryData, new DestroyStoryRequest { Story = Story });

    /// <summary>The events of a warm read, as text.</summary>
    public List<string> Read(ulong start, ulong end)
    {
        var request = new OpenReadRequest { Story = Story, StartTime = start, EndTime = end, ClientId = 1 };
        OpenReadReply opened = Call(Admin.Endpoint, Methods.OpenRead, request);
        Watermark = opened.Watermark;
        var events = new List<string>();
        InMemoryBulk reader = Network.NewEndpoint("reader");
        for (ulong page = 0; ; page++)
        {
            NextPageReply reply = Call(
                Admin.Endpoint, Methods.NextPage, new NextPageRequest { Cursor = opened.Cursor, PageSequence = page });
            if (reply.Page is { Length: > 0 })
            {
                events.AddRange(PullPage(reader, reply.Page));
            }

            if (reply.End)
            {
                return events;
            }
        }
    }

    private List<string> PullPage(InMemoryBulk reader, BulkDescriptor page) => Pump.Run(Peers, async () =>
    {
        var slab = await reader.RentAsync((int)page.Length);
        await reader.PullAsync(page, slab);
        EventRun run = ColumnImage.ToRun(slab, (int)page.Length);
        List<string> events = [.. run.Entries.ToArray().Select(RecordingExtractor.TextOf)];
        run.Release();
        slab.Release();
        return events;
    });

    private GroupView NewView(IEnumerable<TestKeeper> keepers)
    {
        var view = new GroupView { Group = 1, Epoch = viewEpoch++ };
        view.Keepers.AddRange(keepers.Select(keeper => keeper.Identity));
        view.DrainingKeepers.AddRange(Draining);
        view.Player = new ProcessIdentity { Name = "player-0", AdminEndpoint = "tcp://player:2222" };
        return view;
    }

    private GrapherPorts NewPorts(IEnumerable<PartialKey> alreadyArchived, IWatermarkStore? watermarks)
    {
        var identity = new ProcessIdentity
        {
            Group = 1,
            Name = "grapher-0",
            ServiceEndpoint = Drain.Endpoint,
            AdminEndpoint = Admin.Endpoint,
            Epoch = 5,
        };
        return new GrapherPorts
        {
            Strand = Strand,
            Registry = new RegistryClient(
                Rpc.Open("tcp://visor:8888"), identity, new RegistryOptions(), Pump.Timers, Logger),
            Clock = Clock,
            Timers = Pump.Timers,
            Drain = Drain,
            Admin = Admin,
            Connector = Rpc,
            Bulk = Bulk,
            Extraction = new ExtractionModule(2, [Archive], new ExtractionQueue(4, 1 << 20), Logger),
            ExtractionStrands = [Pump.Add("extraction-0"), Pump.Add("extraction-1")],
            BuildingStrands = [Pump.Add("building-0"), Pump.Add("building-1")],
            DestroyArchive = (story, _) =>
            {
                Destroyed.Add(story);
                return ValueTask.CompletedTask;
            },
            AlreadyArchived = alreadyArchived,
            Watermarks = watermarks,
            Logger = Logger,
        };
    }

    private void ServeVisor()
    {
        InMemoryRpcServer visor = Rpc.NewServer(Peers, "tcp://visor:8888");
        visor.Handle(Methods.Register, (_, _) =>
            ValueTask.FromResult(new RegisterReply { ProcessId = 100, HeartbeatMilliseconds = 1000 }));
        visor.Handle(Methods.Heartbeat, (request, _) =>
        {
            Heartbeat = request;
            var reply = new HeartbeatReply();
            var asked = request.UnconfirmedStories.Select(static story => story.StoryId).ToList();
            reply.ConfirmedStories.AddRange(Known is null ? [] : asked.Intersect(Known.Select(static story => story.StoryId)));
            reply.GoneStories.AddRange(Known is null ? [] : asked.Except(Known.Select(static story => story.StoryId)));
            return ValueTask.FromResult(reply);
        });
        visor.Handle(Methods.Unregister, (_, _) => ValueTask.FromResult(new Empty()));
        visor.Start();
    }

    private void ServePlayer()
    {
        InMemoryRpcServer player = Rpc.NewServer(Peers, "tcp://player:2222");
        player.Handle(Methods.StoryFileAppeared, (request, _) =>
        {
            PlayerNotices.Add(request);
            return ValueTask.FromResult(new Empty());
        });
        player.Start();
    }
}

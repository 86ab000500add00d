using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>A read service on a strand, a reader on another, virtual time, memory instead of networks.</summary>
public sealed class ReadFixture
{
    public const ulong Story = 77;

    public ReadFixture(
        ReadServiceOptions? options = null, int fillers = 0, long budget = 64 << 20, int slabMax = 32 << 20)
    {
        Timers = new ManualTimers();
        Pump = new StrandPump(Timers);
        Rpc = new InMemoryRpc(Timers);
        ServerBulk = Network.NewEndpoint("server", budget, slabMax);
        ReaderBulk = Network.NewEndpoint("reader", budget, slabMax);
        ServerStrand = Pump.Add("server");
        ReaderStrand = Pump.Add("reader");
        Strand[] strands = [.. Enumerable.Range(0, fillers).Select(i => Pump.Add($"filler-{i}"))];
        InMemoryRpcServer server = Rpc.NewServer(ServerStrand);
        Service = new ReadService(
            options ?? new ReadServiceOptions { Server = "player-0" }, Timers, ServerBulk,
            (request, cancellation) => Plan!(request, cancellation), strands);
        Service.Register(server);
        server.Start();
        Channel = Rpc.Open(server.Endpoint);
    }

    public ManualTimers Timers { get; }

    public StrandPump Pump { get; }

    public InMemoryRpc Rpc { get; }

    public InMemoryBulkNetwork Network { get; } = new();

    public InMemoryBulk ServerBulk { get; }

    public InMemoryBulk ReaderBulk { get; }

    public Strand ServerStrand { get; }

    public Strand ReaderStrand { get; }

    public IRpcChannel Channel { get; }

    public ReadService Service { get; }

    public Func<OpenReadRequest, CancellationToken, ValueTask<ReadPlan>>? Plan { get; set; }

    public void PlanOf(params IReadSource[] sources) =>
        Plan = (_, _) => new ValueTask<ReadPlan>(new ReadPlan(sources, 5, []));

    public void PlanOf(IReadOnlyList<TestEvent> events) => Plan = (_, _) =>
    {
        EventRun run = TestEvent.ToRun(events);
        var source = new RunReadSource("memory", [run]);
        run.Release();
        return new ValueTask<ReadPlan>(new ReadPlan([source], 5, []));
    };

    public static OpenReadRequest Request(ulong start = 0, ulong end = ulong.MaxValue, ulong client = 1) => new()
    {
        Story = new StoryDescriptor { StoryId = Story, Chronicle = "c", Story = "s" },
        StartTime = start,
        EndTime = end,
        ClientId = client,
        PageBytes = ReadServiceOptions.PageBytesMin,
    };

    public TReply Call<TRequest, TReply>(RpcMethod<TRequest, TReply> method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply> =>
        Pump.Run(ReaderStrand, () => Channel.CallAsync(method, request, TimeSpan.FromMinutes(2)));

    public OpenReadReply Open(OpenReadRequest? request = null) => Call(Methods.OpenRead, request ?? Request());

    public NextPageReply Page(ulong cursor, ulong sequence) =>
        Call(Methods.NextPage, new NextPageRequest { Cursor = cursor, PageSequence = sequence });

    public void Close(ulong cursor) => Call(Methods.CloseRead, new CloseReadRequest { Cursor = cursor });

    public ChronoLogException Refused(Action action) => Assert.Throws<ChronoLogException>(() => action())!;

    /// <summary>Pulls and decodes one page.</summary>
    public List<TestEvent> Pull(BulkDescriptor page) => Pump.Run(ReaderStrand, async () =>
    {
        Slab slab = await ReaderBulk.RentAsync((int)page.Length);
        try
        {
            await ReaderBulk.PullAsync(page, slab);
            EventRun run = ColumnImage.ToRun(slab, (int)page.Length);
            List<TestEvent> events = TestEvent.FromRun(run);
            run.Release();
            return events;
        }
        finally
        {
            slab.Release();
        }
    });

    /// <summary>Reads page by page by the bare protocol.</summary>
    public List<TestEvent> ReadPages(OpenReadRequest? request = null)
    {
        ulong cursor = Open(request).Cursor;
        var events = new List<TestEvent>();
        for (ulong sequence = 0; ; sequence++)
        {
            NextPageReply reply = Page(cursor, sequence);
            if (reply.Page is not null)
            {
                List<TestEvent> page = Pull(reply.Page);
                Assert.That(page, Has.Count.EqualTo((int)reply.EventCount));
                events.AddRange(page);
            }

            if (reply.End)
            {
                Close(cursor);
                return events;
            }
        }
    }

    /// <summary>Reads through a <see cref="RemoteReadSource"/>.</summary>
    public (List<TestEvent> Events, IReadOnlyList<Gap> Gaps) ReadRemote(
        OpenReadRequest? request = null, RemoteReadOptions? options = null) => Pump.Run(ReaderStrand, async () =>
    {
        RemoteReadSource source =
            await RemoteReadSource.OpenAsync(Channel, ReaderBulk, Timers, request ?? Request(), options);
        await using (source)
        {
            return (await Drain(source), source.Gaps);
        }
    });

    public static async ValueTask<List<TestEvent>> Drain(IReadSource source)
    {
        var events = new List<TestEvent>();
        while (await source.NextAsync(default) is { } run)
        {
            events.AddRange(TestEvent.FromRun(run));
            run.Release();
        }

        return events;
    }

    /// <summary>After everything was closed: no memory is rented, nothing is exposed, no cursor is open.</summary>
    public void ExpectNothingLeft()
    {
        Pump.Settle();
        Assert.Multiple(() =>
        {
            Assert.That(ServerBulk.BytesRented, Is.Zero, "server slabs");
            Assert.That(ReaderBulk.BytesRented, Is.Zero, "reader slabs");
            Assert.That(Network.Exposures, Is.Zero, "exposures");
            Assert.That(Service.Statistics.CursorsOpen, Is.Zero, "cursors");
        });
    }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>
/// Holders of events, a relay that merges what they hold (as a Player does with its Keepers), and a reader, each with a
/// strand and an endpoint of its own.
/// </summary>
public sealed class RelayFixture
{
    private readonly ManualTimers timers = new();
    private readonly InMemoryBulkNetwork network = new();
    private readonly Strand readerStrand;
    private readonly List<IRpcChannel> holders = [];
    private readonly List<ReadService> holderServices = [];
    private readonly IRpcChannel relayChannel;
    private OpenReadRequest relayed = new();

    public RelayFixture(params IReadOnlyList<TestEvent>[] held)
    {
        Pump = new StrandPump(timers);
        Rpc = new InMemoryRpc(timers);
        foreach (IReadOnlyList<TestEvent> events in held)
        {
            AddHolder(events);
        }

        Strand relayStrand = Pump.Add("relay");
        readerStrand = Pump.Add("reader");
        RelayBulk = network.NewEndpoint("relay");
        ReaderBulk = network.NewEndpoint("reader");
        InMemoryRpcServer server = Rpc.NewServer(relayStrand);
        Relay = new ReadService(new ReadServiceOptions { Server = "relay" }, timers, RelayBulk, PlanAsync, []);
        Relay.Register(server);
        server.Start();
        relayChannel = Rpc.Open(server.Endpoint);
    }

    public StrandPump Pump { get; }

    public InMemoryRpc Rpc { get; }

    public InMemoryBulk RelayBulk { get; }

    public InMemoryBulk ReaderBulk { get; }

    public ReadService Relay { get; }

    /// <summary>RPC endpoint of each holder.</summary>
    public IReadOnlyList<string> HolderEndpoints => holders.ConvertAll(channel => channel.Endpoint);

    public (List<TestEvent> Events, IReadOnlyList<Gap> Gaps) Read(bool accepts = true, ulong limit = 0) =>
        Pump.Run(readerStrand, async () =>
        {
            OpenReadRequest request = ReadFixture.Request();
            request.AcceptsForeignPages = accepts;
            request.EventLimit = limit;
            var options = new RemoteReadOptions { PageDeadline = TimeSpan.FromSeconds(20) };
            RemoteReadSource source =
                await RemoteReadSource.OpenAsync(relayChannel, ReaderBulk, timers, request, options);
            await using (source)
            {
                return (await ReadFixture.Drain(source), source.Gaps);
            }
        });

    /// <summary>Opens a read, and closes it after so many steps of its course.</summary>
    public void ReadSome(int steps, bool accepts)
    {
        OpenReadRequest request = ReadFixture.Request();
        request.AcceptsForeignPages = accepts;
        RemoteReadSource source = Pump.Run(
            readerStrand, () => RemoteReadSource.OpenAsync(relayChannel, ReaderBulk, timers, request));
        Task<List<TestEvent>> reading = readerStrand.InvokeAsync(() => ReadFixture.Drain(source));
        Pump.Step(steps);
        Pump.Run(readerStrand, source.DisposeAsync);
        Pump.Settle();
        Assert.That(reading.IsCompleted, Is.True);
    }

    public void ExpectNothingLeft()
    {
        Pump.Settle();
        Assert.Multiple(() =>
        {
            Assert.That(network.Exposures, Is.Zero, "exposures");
            Assert.That(RelayBulk.BytesRented, Is.Zero, "relay slabs");
            Assert.That(ReaderBulk.BytesRented, Is.Zero, "reader slabs");
            Assert.That(Relay.Statistics.CursorsOpen, Is.Zero, "relay cursors");
            Assert.That(holderServices.Sum(service => service.Statistics.CursorsOpen), Is.Zero, "holder cursors");
        });
    }

    private void AddHolder(IReadOnlyList<TestEvent> events)
    {
        Strand strand = Pump.Add($"holder-{holders.Count}");
        InMemoryRpcServer server = Rpc.NewServer(strand);
        var options = new ReadServiceOptions { Server = $"holder-{holders.Count}" };
        InMemoryBulk bulk = network.NewEndpoint(options.Server);
        var service = new ReadService(options, timers, bulk, (_, _) => ValueTask.FromResult(Plan(events)), []);
        service.Register(server);
        server.Start();
        holderServices.Add(service);
        holders.Add(Rpc.Open(server.Endpoint));
    }

    private static ReadPlan Plan(IReadOnlyList<TestEvent> events)
    {
        EventRun run = TestEvent.ToRun(events);
        var source = new RunReadSource("memory", [run]);
        run.Release();
        return new ReadPlan([source], 5, []);
    }

    private async ValueTask<ReadPlan> PlanAsync(OpenReadRequest request, CancellationToken cancellation)
    {
        relayed = request;
        var sources = new List<IReadSource>();
        foreach (IRpcChannel holder in holders)
        {
            var options = new RemoteReadOptions
            {
                Name = holder.Endpoint,
                PullsAtOnce = !relayed.AcceptsForeignPages,
                PageDeadline = TimeSpan.FromSeconds(1),
            };
            sources.Add(await RemoteReadSource.OpenAsync(holder, RelayBulk, timers, request, options, cancellation));
        }

        return new ReadPlan(sources, 5, []);
    }
}

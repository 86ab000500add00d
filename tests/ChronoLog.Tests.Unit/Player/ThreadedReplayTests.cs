using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Tests.Unit.Playback;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Player;

/// <summary>The same machinery with a thread behind every strand.</summary>
public sealed class ThreadedReplayTests
{
    [Test]
    public async Task Replays_run_in_parallel_on_read_strands()
    {
        const int Replays = 6;
        var timers = new ManualTimers();
        var network = new InMemoryBulkNetwork();
        var rpc = new InMemoryRpc(timers);
        InMemoryBulk serverBulk = network.NewEndpoint("server");
        InMemoryBulk readerBulk = network.NewEndpoint("reader");
        using var role = new StrandThread(new Strand("role"));
        using var first = new StrandThread(new Strand("read-0"));
        using var second = new StrandThread(new Strand("read-1"));
        List<TestEvent> even = TestEvent.Series(20_000, step: 2);
        List<TestEvent> odd = TestEvent.Series(20_000, first: 1, step: 2);
        EventRun oddRun = TestEvent.ToRun(odd);
        EventRun evenRun = TestEvent.ToRun(even);
        var service = new ReadService(
            new ReadServiceOptions(), timers, serverBulk,
            (_, _) => ValueTask.FromResult(new ReadPlan(
                [new RunReadSource("both", [evenRun, oddRun]), new RunReadSource("again", [oddRun])], 0, [])),
            [first.Strand, second.Strand]);
        InMemoryRpcServer server = rpc.NewServer(role.Strand);
        service.Register(server);
        server.Start();
        IRpcChannel channel = rpc.Open(server.Endpoint);
        var readers = new List<Task<List<TestEvent>>>();
        var strands = new List<StrandThread>();
        for (int i = 0; i < Replays; i++)
        {
            var reader = new StrandThread(new Strand($"reader-{i}"));
            strands.Add(reader);
            readers.Add(reader.Strand.InvokeAsync(async () =>
            {
                await using RemoteReadSource source =
                    await RemoteReadSource.OpenAsync(channel, readerBulk, timers, ReadFixture.Request());
                return await ReadFixture.Drain(source);
            }));
        }

        List<TestEvent>[] read = await Task.WhenAll(readers).WaitAsync(TimeSpan.FromMinutes(2));

        List<TestEvent> all = TestEvent.Series(40_000);
        Assert.That(read, Has.All.EqualTo(all));
        strands.ForEach(strand => strand.Dispose());
        await role.Strand.InvokeAsync(service.StopAsync);
        Assert.That(serverBulk.BytesRented + readerBulk.BytesRented, Is.Zero);
        Assert.That(network.Exposures, Is.Zero);
        oddRun.Release();
        evenRun.Release();
        Assert.That(oddRun.Release, Throws.InvalidOperationException, "somebody still holds the run");
    }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Tests.Unit.Rpc;
using ChronoLog.Transport.Rpc;
using ChronoLog.Visor.Clock;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>Exchanges over real sockets with a clock whose strand does something else.</summary>
[TestFixture]
public sealed class ClockDeskTests
{
    private static readonly DateTime Wall = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    [Test]
    public async Task ABusyStrandIsNotWaitedForUnlessTheMarkHasToBeWritten()
    {
        var timers = new ManualTimers();
        BaseClock clock = BaseClock.Open(
            timers, new MemoryMetadataStore(), () => Wall, new BaseClockOptions { BootId = "boot" }, NullLogger.Instance);
        using var strand = new StrandThread(new Strand("visor"));
        await using var server = new ZmqRpcServer("tcp://127.0.0.1:0", strand.Strand, NullLogger.Instance);
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        new ClockDesk(clock, timers).Serve(server, Methods.Clock);
        new ClockDesk(new FakeClock(), timers).Serve(server, Methods.RegistryClock);
        server.Start();
        await using var channel = connector.Open(server.Endpoint);
        using var held = new ManualResetEventSlim();
        strand.Strand.Post(_ => held.Wait(RpcHarness.Patience), null);

        ClockReply reply = await channel.CallAsync(Methods.Clock, new ClockRequest { ClientSend = 3 }, RpcHarness.Patience);
        Assert.That((reply.ClientSend, reply.VisorReceive, reply.VisorSend), Is.EqualTo((3ul, clock.Now, clock.Now)));
        Assert.That(reply.Epoch, Is.EqualTo(clock.Epoch));

        timers.Advance(BaseClock.Ahead + TimeSpan.FromSeconds(1));
        Task<ClockReply> waits =
            channel.CallAsync(Methods.Clock, new ClockRequest(), RpcHarness.Patience).AsTask();
        await channel.CallAsync(Methods.RegistryClock, new ClockRequest(), RpcHarness.Patience);
        Assert.That(waits.IsCompleted, Is.False, "beyond the mark; a later call of a clock that may tell has passed it");
        held.Set();
        Assert.That((await waits).VisorSend, Is.EqualTo(clock.Now));
        Assert.That(clock.TryTell(out _), Is.True, "it was written");
    }

    [TestCase(0, 0u)]
    [TestCase(5, 60u)]
    [TestCase(84, 1000u)]
    [TestCase(500, 1000u)]
    [TestCase(1000, 2_000u)]
    [TestCase(10_000, 20_000u)]
    [TestCase(110_000, 220_000u)]
    public async Task AllTogetherAskNoMoreOftenThanTheVisorCanAnswer(int askers, uint milliseconds)
    {
        using var strand = new StrandThread(new Strand("visor"));
        await using var server = new ZmqRpcServer("tcp://127.0.0.1:0", strand.Strand, NullLogger.Instance);
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        var desk = new ClockDesk(new FakeClock(), new ManualTimers());
        desk.Serve(server, Methods.Clock);
        server.Start();
        await using var channel = connector.Open(server.Endpoint);
        desk.Share(askers);
        ClockReply reply = await channel.CallAsync(Methods.Clock, new ClockRequest(), RpcHarness.Patience);
        Assert.That(reply.PauseMilliseconds, Is.EqualTo(milliseconds));
    }
}

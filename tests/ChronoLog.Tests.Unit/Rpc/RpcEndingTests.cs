using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Rpc;

/// <summary>How calls end when there is no reply: deadlines, cancellation, restarts, disposal.</summary>
public class RpcEndingTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    [Test]
    public async Task A_call_without_an_answer_times_out_and_its_handler_is_cancelled()
    {
        await using var harness = new RpcHarness();
        var cancelled = new TaskCompletionSource<SynchronizationContext?>();
        harness.Server.Handle(Methods.Clock, async (request, context) =>
        {
            context.Deadline.Register(() => cancelled.SetResult(SynchronizationContext.Current));
            await Task.Delay(Timeout.Infinite, context.Deadline);
            return RpcHarness.Echo(request);
        });
        harness.Server.Start();

        ChronoLogException failure = await RpcHarness.FailureOf(harness.CallAsync(1, Short));

        Assert.That(failure.Status, Is.EqualTo(Status.TimedOut));
        Assert.That(failure.Message, Does.Contain(Methods.Clock.Name));
        Assert.That(await cancelled.Task.WaitAsync(RpcHarness.Patience), Is.SameAs(harness.Strand.Strand));
    }

    [Test]
    public async Task A_server_that_is_not_there_is_no_connection_at_the_deadline()
    {
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        string endpoint;
        await using (var harness = new RpcHarness())
        {
            endpoint = harness.Server.Endpoint;
        }

        ChronoLogException failure = await RpcHarness.FailureOf(
            connector.Open(endpoint).CallAsync(Methods.Clock, new ClockRequest(), Short));

        Assert.That(failure.Status, Is.EqualTo(Status.NoConnection));
        Assert.That(failure.Message, Does.Contain(endpoint).And.Contain("not sent"));
    }

    [Test]
    public async Task A_server_that_was_never_there_is_waited_for_as_long_as_the_channel_is_patient()
    {
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        string endpoint;
        await using (var harness = new RpcHarness())
        {
            endpoint = harness.Server.Endpoint;
        }

        IRpcChannel channel = connector.Open(endpoint, Short);
        for (int i = 0; i < 2; i++)
        {
            ChronoLogException failure = await RpcHarness.FailureOf(
                channel.CallAsync(Methods.Clock, new ClockRequest(), TimeSpan.FromHours(1)));
            Assert.That(failure.Status, Is.EqualTo(Status.NoConnection));
            Assert.That(failure.Message, Does.Contain(endpoint).And.Contain("not sent").And.Contain("nobody listens"));
        }

        await using RpcHarness late = new RpcHarness(endpoint: endpoint).Start();
        Assert.That((await CallUntilConnected(channel, 9)).ClientSend, Is.EqualTo(9));
    }

    [Test]
    public async Task A_server_that_was_there_once_is_waited_for_until_the_deadline()
    {
        await using RpcHarness harness = new RpcHarness().Start();
        IRpcChannel channel = harness.Connector.Open(harness.Server.Endpoint, TimeSpan.FromMilliseconds(1));
        await channel.CallAsync(Methods.Clock, new ClockRequest(), RpcHarness.Patience);
        string endpoint = harness.Server.Endpoint;
        await harness.Server.DisposeAsync();

        // The first one may still find the connection standing, and is lost with it; the next one is never sent.
        await RpcHarness.FailureOf(channel.CallAsync(Methods.Clock, new ClockRequest(), Short));
        ChronoLogException failure = await RpcHarness.FailureOf(channel.CallAsync(Methods.Clock, new ClockRequest(), Short));
        Assert.That(failure.Message, Does.Contain("within 100 ms").And.Contain("not sent"));
        ValueTask<ClockReply> waiting = channel.CallAsync(
            Methods.Clock, new ClockRequest { ClientSend = 9 }, RpcHarness.Patience);
        await using RpcHarness again = new RpcHarness(endpoint: endpoint).Start();
        Assert.That((await waiting).ClientSend, Is.EqualTo(9));
    }

    [Test]
    public async Task A_call_made_before_the_server_came_up_reaches_it()
    {
        string endpoint;
        await using (var first = new RpcHarness())
        {
            endpoint = first.Server.Endpoint;
        }

        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        ValueTask<ClockReply> call = connector.Open(endpoint)
            .CallAsync(Methods.Clock, new ClockRequest { ClientSend = 9 }, RpcHarness.Patience);
        await using RpcHarness second = new RpcHarness(endpoint: endpoint).Start();

        Assert.That((await call).ClientSend, Is.EqualTo(9));
    }

    [Test]
    public async Task Cancelling_ends_the_call_at_once()
    {
        await using var harness = new RpcHarness();
        var entered = new TaskCompletionSource();
        harness.Server.Handle(Methods.Clock, async (request, context) =>
        {
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.Deadline);
            return RpcHarness.Echo(request);
        });
        harness.Server.Start();
        using var cancellation = new CancellationTokenSource();
        ValueTask<ClockReply> call = harness.Channel.CallAsync(
            Methods.Clock, new ClockRequest(), RpcHarness.Patience, cancellation.Token);
        await entered.Task.WaitAsync(RpcHarness.Patience);

        await cancellation.CancelAsync();

        Assert.That(async () => await call, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task After_a_restart_on_the_same_port_the_next_call_works()
    {
        await using RpcHarness harness = new RpcHarness().Start();
        await harness.CallAsync(1);

        for (ulong i = 2; i < 5; i++)
        {
            await harness.RestartAsync();
            Assert.That((await CallUntilConnected(harness, i)).ClientSend, Is.EqualTo(i));
        }
    }

    [Test]
    public async Task A_server_that_stops_ends_the_calls_in_progress()
    {
        await using var harness = new RpcHarness();
        var entered = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        harness.Server.Handle(Methods.Clock, async (request, context) =>
        {
            context.Deadline.Register(cancelled.SetResult);
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.Deadline);
            return RpcHarness.Echo(request);
        });
        harness.Server.Start();
        ValueTask<ClockReply> call = harness.CallAsync(1);
        await entered.Task.WaitAsync(RpcHarness.Patience);

        await harness.Server.DisposeAsync();

        ChronoLogException failure = await RpcHarness.FailureOf(call);
        Assert.That(failure.Status, Is.EqualTo(Status.NoConnection));
        await cancelled.Task.WaitAsync(RpcHarness.Patience);
    }

    [Test]
    public async Task Closing_the_channel_ends_its_calls_and_refuses_new_ones()
    {
        await using RpcHarness harness = new RpcHarness();
        ValueTask<ClockReply> call = harness.CallAsync(1);

        await harness.Channel.DisposeAsync();

        Assert.That((await RpcHarness.FailureOf(call)).Status, Is.EqualTo(Status.NoConnection));
        Assert.That((await RpcHarness.FailureOf(harness.CallAsync(2))).Status, Is.EqualTo(Status.NoConnection));
    }

    [Test]
    public async Task Calls_on_a_closed_connector_end()
    {
        await using RpcHarness harness = new RpcHarness();
        ValueTask<ClockReply> before = harness.CallAsync(1);

        await harness.Connector.DisposeAsync();

        Assert.That((await RpcHarness.FailureOf(before)).Status, Is.EqualTo(Status.NoConnection));
        Assert.That((await RpcHarness.FailureOf(harness.CallAsync(2))).Status, Is.EqualTo(Status.NoConnection));
        await harness.Channel.DisposeAsync();
    }

    [Test]
    public async Task A_server_is_disposed_from_its_own_strand()
    {
        await using var harness = new RpcHarness();
        harness.Server.Handle(Methods.Clock, async (request, _) =>
        {
            await harness.Server.DisposeAsync();
            return RpcHarness.Echo(request);
        });
        harness.Server.Start();

        ChronoLogException failure = await RpcHarness.FailureOf(harness.CallAsync(1));

        Assert.That(failure.Status, Is.EqualTo(Status.NoConnection));
    }

    [Test]
    public async Task A_connection_that_dies_ends_its_calls_before_their_deadline()
    {
        var server = new RouterSocket();
        server.Options.Linger = TimeSpan.Zero;
        server.Bind("tcp://127.0.0.1:0");
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        ValueTask<ClockReply> call = connector.Open(server.LastEndpoint)
            .CallAsync(Methods.Clock, new ClockRequest(), TimeSpan.FromDays(1));
        ReceiveOne(server);

        server.Dispose();

        ChronoLogException failure = await RpcHarness.FailureOf(call);
        Assert.That(failure.Status, Is.EqualTo(Status.NoConnection));
        Assert.That(failure.Message, Does.Contain("unknown whether it was executed"));
    }

    [Test]
    public async Task Disposing_everything_during_a_storm_of_calls_leaves_none_waiting()
    {
        const int Callers = 8;
        var harness = new RpcHarness();
        harness.Start();
        int ended = 0;
        Task[] callers = Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await harness.CallAsync(1);
                    Interlocked.Increment(ref ended);
                }
            }
            catch (ChronoLogException exception)
            {
                Assert.That(exception.Status, Is.EqualTo(Status.NoConnection));
            }
        })).ToArray();
        using (var patience = new CancellationTokenSource(RpcHarness.Patience))
        {
            while (Volatile.Read(ref ended) < 100)
            {
                patience.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        await harness.DisposeAsync();

        await Task.WhenAll(callers).WaitAsync(RpcHarness.Patience);
    }

    private static void ReceiveOne(RouterSocket server)
    {
        using var message = new NetMQMessage(3);
        using var signal = new PollSignal();
        var poller = new Poller(signal);
        poller.Add(server);
        poller.Wait((long)RpcHarness.Patience.TotalMilliseconds);
        Assert.That(server.TryReceive(message), Is.True, "the call did not arrive");
    }

    private static Task<ClockReply> CallUntilConnected(RpcHarness harness, ulong value) =>
        CallUntilConnected(harness.Channel, value);

    private static async Task<ClockReply> CallUntilConnected(IRpcChannel channel, ulong value)
    {
        var request = new ClockRequest { ClientSend = value };

        // A call may go out over the old connection before its end was noticed; the one after that must not fail.
        try
        {
            return await channel.CallAsync(Methods.Clock, request, RpcHarness.Patience);
        }
        catch (ChronoLogException exception) when (exception.Status == Status.NoConnection)
        {
            return await channel.CallAsync(Methods.Clock, request, RpcHarness.Patience);
        }
    }
}

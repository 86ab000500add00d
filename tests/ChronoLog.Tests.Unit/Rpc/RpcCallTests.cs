using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Rpc;

/// <summary>Calls between well-behaved peers.</summary>
public class RpcCallTests
{
    [Test]
    public async Task A_call_returns_the_reply()
    {
        await using RpcHarness harness = new RpcHarness().Start();

        ClockReply reply = await harness.CallAsync(41);

        Assert.That(reply.ClientSend, Is.EqualTo(41));
        Assert.That(reply.VisorReceive, Is.EqualTo(7));
    }

    [Test]
    public async Task A_thousand_calls_at_once_from_several_strands_get_their_own_replies()
    {
        const int Strands = 4;
        const int Calls = 250;
        await using RpcHarness harness = new RpcHarness().Start();
        var callers = Enumerable.Range(0, Strands).Select(i => new StrandThread(new Strand($"caller {i}"))).ToArray();
        try
        {
            await Task.WhenAll(callers.Select((caller, index) => caller.Strand.InvokeAsync(async () =>
            {
                ValueTask<ClockReply>[] calls = Enumerable.Range(0, Calls)
                    .Select(i => harness.CallAsync((ulong)((index * Calls) + i))).ToArray();
                for (int i = 0; i < Calls; i++)
                {
                    ClockReply reply = await calls[i];
                    Assert.That(reply.ClientSend, Is.EqualTo((ulong)((index * Calls) + i)));
                    Assert.That(SynchronizationContext.Current, Is.SameAs(caller.Strand), "off the strand");
                }
            })));
        }
        finally
        {
            Array.ForEach(callers, caller => caller.Dispose());
        }
    }

    [Test]
    public async Task Handlers_and_their_continuations_run_on_the_strand()
    {
        await using var harness = new RpcHarness();
        var seen = new List<SynchronizationContext?>();
        harness.Server.Handle(Methods.Clock, async (request, _) =>
        {
            seen.Add(SynchronizationContext.Current);
            await Task.Yield();
            seen.Add(SynchronizationContext.Current);
            return RpcHarness.Echo(request);
        });
        harness.Server.Start();

        await harness.CallAsync(1);

        Assert.That(seen, Is.EqualTo(new SynchronizationContext?[] { harness.Strand.Strand, harness.Strand.Strand }));
    }

    [Test]
    public async Task A_handlers_status_and_message_reach_the_caller()
    {
        await using var harness = new RpcHarness();
        harness.Server.Handle<ClockRequest, ClockReply>(
            Methods.Clock, (_, _) => throw new ChronoLogException(Status.NoSpace, "keeper k2: disk full on /scratch"));
        harness.Server.Start();

        ChronoLogException failure = await RpcHarness.FailureOf(harness.CallAsync(1));

        Assert.That(failure.Status, Is.EqualTo(Status.NoSpace));
        Assert.That(failure.Message, Is.EqualTo("keeper k2: disk full on /scratch"));
    }

    [Test]
    public async Task A_defect_in_a_handler_is_an_internal_error_and_the_server_lives_on()
    {
        await using var harness = new RpcHarness();
        harness.Server.Handle<ClockRequest, ClockReply>(
            Methods.Clock,
            (request, _) => request.ClientSend == 0
                ? throw new InvalidCastException("oops")
                : new ValueTask<ClockReply>(RpcHarness.Echo(request)));
        harness.Server.Start();

        ChronoLogException failure = await RpcHarness.FailureOf(harness.CallAsync(0));

        Assert.That(failure.Status, Is.EqualTo(Status.Internal));
        Assert.That(failure.Message, Does.Contain("oops").And.Contain(Methods.Clock.Name));
        Assert.That((await harness.CallAsync(5)).ClientSend, Is.EqualTo(5));
    }

    [Test]
    public async Task An_unknown_method_is_not_supported()
    {
        await using RpcHarness harness = new RpcHarness().Start();

        ChronoLogException failure = await RpcHarness.FailureOf(
            harness.Channel.CallAsync(Methods.ListChronicles, new ChronicleRequest(), RpcHarness.Patience));

        Assert.That(failure.Status, Is.EqualTo(Status.NotSupported));
        Assert.That(failure.Message, Does.Contain(Methods.ListChronicles.Name));
    }

    [Test]
    public async Task A_request_that_is_too_long_is_refused_before_it_is_sent()
    {
        await using RpcHarness harness = new RpcHarness(new RpcOptions { RequestBytesMax = 1000 }).Start();
        var request = new ChronicleRequest { Chronicle = new string('x', 2000) };

        ChronoLogException failure = await RpcHarness.FailureOf(
            harness.Channel.CallAsync(Methods.ListChronicles, request, RpcHarness.Patience));

        Assert.That(failure.Status, Is.EqualTo(Status.LimitExceeded));
    }

    [Test]
    public async Task A_reply_that_is_too_long_is_an_error_and_not_a_lost_connection()
    {
        await using var harness = new RpcHarness(new RpcOptions { ReplyBytesMax = 1000 });
        harness.Server.Handle(Methods.ListChronicles, (_, _) =>
        {
            var reply = new NameListReply();
            reply.Names.Add(new string('x', 2000));
            return new ValueTask<NameListReply>(reply);
        });
        harness.Server.Start();

        ChronoLogException failure = await RpcHarness.FailureOf(
            harness.Channel.CallAsync(Methods.ListChronicles, new ChronicleRequest(), RpcHarness.Patience));

        Assert.That(failure.Status, Is.EqualTo(Status.LimitExceeded));
    }

    [Test]
    public async Task Calls_beyond_the_limit_in_progress_are_refused()
    {
        await using var harness = new RpcHarness(new RpcOptions { CallsInProgressMax = 2 });
        var release = new TaskCompletionSource();
        harness.Server.Handle(Methods.Clock, async (request, _) =>
        {
            await release.Task;
            return RpcHarness.Echo(request);
        });
        harness.Server.Start();

        ValueTask<ClockReply> first = harness.CallAsync(1);
        ValueTask<ClockReply> second = harness.CallAsync(2);
        ChronoLogException failure = await RpcHarness.FailureOf(harness.CallAsync(3));
        release.SetResult();

        Assert.That(failure.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That((await first).ClientSend, Is.EqualTo(1));
        Assert.That((await second).ClientSend, Is.EqualTo(2));
        Assert.That((await harness.CallAsync(4)).ClientSend, Is.EqualTo(4), "the limit counts calls that have ended");
    }

    [Test]
    public async Task A_taken_port_is_named()
    {
        await using RpcHarness harness = new RpcHarness().Start();
        string port = harness.Server.Endpoint[(harness.Server.Endpoint.LastIndexOf(':') + 1)..];

        var failure = Assert.Throws<ChronoLogException>(
            () => _ = new ZmqRpcServer(harness.Server.Endpoint, new Strand("other"), NullLogger.Instance));

        Assert.That(failure!.Message, Does.Contain(port).And.Contain("taken"));
    }

    [TestCase("127.0.0.1:5555")]
    [TestCase("tcp://127.0.0.1")]
    [TestCase("tcp://127.0.0.1:70000")]
    [TestCase("tcp://127.0.0.1:-1")]
    [TestCase("tcp://:5555")]
    [TestCase("inproc://x:1")]
    [TestCase("")]
    public async Task A_malformed_endpoint_is_refused(string endpoint)
    {
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);

        var failure = Assert.Throws<ChronoLogException>(() => connector.Open(endpoint));

        Assert.That(failure!.Status, Is.EqualTo(Status.InvalidArgument));
    }

    [Test]
    public async Task Only_a_client_with_the_servers_key_gets_through_curve()
    {
        RpcKeyPair keys = RpcKeyPair.Create();
        await using var harness = new RpcHarness(new RpcOptions { Keys = keys, ServerKey = keys.PublicKey });
        harness.Start();
        await using var stranger = new ZmqRpcConnector(NullLogger.Instance);
        IRpcChannel channel = stranger.Open(harness.Server.Endpoint);

        Assert.That((await harness.CallAsync(3)).ClientSend, Is.EqualTo(3));
        ChronoLogException failure = await RpcHarness.FailureOf(
            channel.CallAsync(Methods.Clock, new ClockRequest(), TimeSpan.FromMilliseconds(300)));
        Assert.That(failure.Status, Is.EqualTo(Status.NoConnection));
    }

    [Test]
    public async Task An_answer_at_once_does_not_wait_for_the_strand()
    {
        await using var harness = new RpcHarness();
        using var held = new ManualResetEventSlim();
        harness.Server.Handle(Methods.RegistryClock, (request, _) =>
        {
            held.Wait(RpcHarness.Patience);
            return new ValueTask<ClockReply>(RpcHarness.Echo(request));
        });
        harness.Server.Handle(Methods.Clock, (request, _) => new ValueTask<ClockReply>(RpcHarness.Echo(request)));
        harness.Server.AnswerAtOnce(
            Methods.Clock, (request, _) => request.ClientSend < 100 ? new ClockReply { ClientSend = request.ClientSend + 1 } : null);
        harness.Server.Start();

        ValueTask<ClockReply> first =
            harness.Channel.CallAsync(Methods.RegistryClock, new ClockRequest { ClientSend = 1 }, RpcHarness.Patience);
        for (ulong i = 0; i < 100; i++)
        {
            Assert.That((await harness.CallAsync(i)).ClientSend, Is.EqualTo(i + 1));
        }

        Task<ClockReply> left = harness.CallAsync(100).AsTask();
        Assert.That((await harness.CallAsync(7)).ClientSend, Is.EqualTo(8), "it passes one that is left to the handler");
        Assert.That(left.IsCompleted, Is.False);
        held.Set();
        Assert.That((await left).ClientSend, Is.EqualTo(100));
        Assert.That((await first).ClientSend, Is.EqualTo(1));
    }

    [Test]
    public async Task The_times_of_a_call_are_those_of_the_wire()
    {
        await using var harness = new RpcHarness();
        await harness.Server.DisposeAsync();
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        IRpcChannel channel = connector.Open(harness.Server.Endpoint);
        long reads = 0;
        ulong Clock() => (ulong)Interlocked.Increment(ref reads);

        Task<TimedReply<ClockReply>> call = channel
            .CallTimedAsync(Methods.Clock, new ClockRequest { ClientSend = 5 }, Clock, RpcHarness.Patience).AsTask();
        ulong begun = Clock();
        await harness.RestartAsync();
        TimedReply<ClockReply> reply = await call;
        ulong ended = Clock();

        Assert.That(reply.Reply.ClientSend, Is.EqualTo(5));
        Assert.That(
            (ulong[])[begun, reply.Sent, reply.Received, ended], Is.EqualTo((ulong[])[1, 2, 3, 4]),
            "it waited for the server before it was sent");
        ChronoLogException failure = await RpcHarness.FailureOf(
            channel.CallTimedAsync(Methods.RegistryClock, new ClockRequest(), Clock, RpcHarness.Patience));
        Assert.That(failure.Status, Is.EqualTo(Status.NotSupported));
    }

    [Test]
    public async Task Calls_in_turn_follow_each_other()
    {
        await using var harness = new RpcHarness();
        ulong answered = 0;
        harness.Server.Handle(
            Methods.Clock, (_, _) => new ValueTask<ClockReply>(new ClockReply { ClientSend = ++answered }));
        harness.Server.Start();
        long reads = 0;
        ulong Clock() => (ulong)Interlocked.Increment(ref reads);

        IReadOnlyList<TimedReply<ClockReply>> all = await harness.Channel.CallInTurnAsync(
            Methods.Clock, new ClockRequest(), Clock, 5, RpcHarness.Patience);
        Assert.That(all.Select(each => each.Reply.ClientSend), Is.EqualTo(Enumerable.Range(1, 5)));
        Assert.That(
            all.SelectMany(each => (ulong[])[each.Sent, each.Received]), Is.EqualTo(Enumerable.Range(1, 10)),
            "each is sent after the reply before it");
    }

    [Test]
    public async Task Calls_in_turn_end_with_the_first_failure_and_with_their_caller()
    {
        await using var harness = new RpcHarness();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int calls = 0;
        harness.Server.Handle(Methods.Clock, async (_, context) =>
        {
            if (++calls == 3)
            {
                throw new ChronoLogException(Status.LimitExceeded, "three are too many");
            }

            if (calls == 6)
            {
                reached.SetResult();
                await Task.Delay(Timeout.Infinite, context.Deadline);
            }

            return new ClockReply();
        });
        harness.Server.Start();
        static ulong Clock() => 1;

        ChronoLogException failure = await RpcHarness.FailureOf(harness.Channel.CallInTurnAsync(
            Methods.Clock, new ClockRequest(), Clock, 5, RpcHarness.Patience));
        Assert.That(failure.Message, Is.EqualTo("three are too many"));
        Assert.That(calls, Is.EqualTo(3));

        using var giveUp = new CancellationTokenSource();
        Task<IReadOnlyList<TimedReply<ClockReply>>> left = harness.Channel.CallInTurnAsync(
            Methods.Clock, new ClockRequest(), Clock, 5, RpcHarness.Patience, giveUp.Token).AsTask();
        await reached.Task;
        await giveUp.CancelAsync();
        Assert.That(async () => await left, Throws.InstanceOf<OperationCanceledException>());

        failure = await RpcHarness.FailureOf(harness.Channel.CallInTurnAsync(
            Methods.RegistryClock, new ClockRequest(), Clock, 5, RpcHarness.Patience));
        Assert.That(failure.Status, Is.EqualTo(Status.NotSupported), "the channel goes on");
    }
}

using System.Collections.Concurrent;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// The owner thread of a server's ROUTER socket: receives and checks requests, posts them to the strand, sends the
/// replies that come back, expires deadlines. Sleeps in poll while there is nothing to do.
/// </summary>
internal sealed class ServerLoop : IDisposable
{
    private const int RoutingFrame = 0;
    private const int HeaderFrame = 1;
    private const int BodyFrame = 2;
    private const int FramesPerRequest = 3;
    private const int RequestsPerCycle = 256;
    private const int SocketSlot = 1;

    // A peer that does not read is given this long before its replies are thrown away.
    private const long UnsentReplyNanoseconds = 1_000_000_000;
    private const int RetryMilliseconds = 5;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly RouterSocket socket;
    private readonly NetMQMonitor monitor;
    private readonly PollSignal signal = new();
    private readonly NetMQMessage request = new(FramesPerRequest);
    private readonly Strand strand;
    private readonly IReadOnlyDictionary<string, RpcHandler> handlers;
    private readonly ConcurrentQueue<Reply> replies = new();
    private readonly List<Reply> refused = [];
    private readonly List<WheelNode> expired = [];
    private readonly DeadlineWheel deadlines = new(Monotonic.Nanoseconds);
    private readonly ConnectionGuard guard;
    private int inProgress;
    private long receivedAt;
    private volatile bool stopping;

    public ServerLoop(
        RouterSocket socket, NetMQMonitor monitor, string endpoint, Strand strand,
        IReadOnlyDictionary<string, RpcHandler> handlers, RpcOptions options, ILogger logger)
    {
        this.socket = socket;
        this.monitor = monitor;
        this.strand = strand;
        this.handlers = handlers;
        Endpoint = endpoint;
        Options = options;
        Logger = logger;
        Counters = new RpcCounters(logger, $"the server at {endpoint}");
        guard = new ConnectionGuard(options.RequestBytesMax + options.HeaderBytesMax, Counters);
    }

    public string Endpoint { get; }

    public RpcOptions Options { get; }

    public ILogger Logger { get; }

    public RpcCounters Counters { get; }

    /// <summary>From any thread.</summary>
    public void Enqueue(Reply reply)
    {
        replies.Enqueue(reply);
        signal.Set();
    }

    /// <summary>From any thread: the loop answers what it can and ends.</summary>
    public void Stop()
    {
        stopping = true;
        signal.Set();
    }

    /// <summary>The owner thread.</summary>
    public void Run()
    {
        var poller = new Poller(signal);
        poller.Add(socket);
        poller.Add(monitor.Socket);
        while (!stopping)
        {
            try
            {
                Cycle(poller);
            }
            catch (Exception exception)
            {
                Logger.LogError(exception, "the server at {Endpoint} goes on after a failure", Endpoint);
                Thread.Sleep(RetryMilliseconds);
            }
        }

        RefuseAll();
    }

    public void Dispose()
    {
        request.Dispose();
        signal.Dispose();
        foreach (Reply reply in replies)
        {
            reply.Dispose();
        }
    }

    private void Cycle(Poller poller)
    {
        poller.Wait(TimeoutMilliseconds());
        ObserveConnections();
        long now = Monotonic.Nanoseconds;
        bool drained = !poller.Ready(SocketSlot) || ReceiveSome(now);
        SendReplies(now);
        Expire(now);
        if (drained)
        {
            guard.Check(now);
        }
    }

    private long TimeoutMilliseconds()
    {
        long next = deadlines.NanosecondsToNext(Monotonic.Nanoseconds);
        if (guard.Connections > 0)
        {
            next = next < 0 ? ConnectionGuard.IntervalNanoseconds : Math.Min(next, ConnectionGuard.IntervalNanoseconds);
        }

        long milliseconds = next < 0 ? -1 : (next / NanosecondsPerMillisecond) + 1;
        return refused.Count == 0 ? milliseconds : RetryMilliseconds;
    }

    private void ObserveConnections()
    {
        while (monitor.TryReceive(out MonitorEvent monitorEvent))
        {
            guard.Observe(monitorEvent);
        }
    }

    /// <returns>True when nothing is left to receive.</returns>
    private bool ReceiveSome(long now)
    {
        for (int i = 0; i < RequestsPerCycle; i++)
        {
            if (!socket.TryReceive(request))
            {
                return true;
            }

            receivedAt = Monotonic.Nanoseconds;
            Receive(now);
        }

        return false;
    }

    private void Receive(long now)
    {
        if (request.FrameCount > HeaderFrame)
        {
            guard.Delivered(request[HeaderFrame].SourceDescriptor);
        }

        if (request.FrameCount != FramesPerRequest)
        {
            int frames = request.FrameCount - 1;
            Drop($"a message of {frames} frames instead of a header and a body", now);
        }
        else if (!Envelope.TryParse(
            RequestHeader.Parser, request[HeaderFrame], Options.HeaderBytesMax, out RequestHeader? header))
        {
            Drop($"a header of {request[HeaderFrame].MessageSize} bytes that is none", now);
        }
        else
        {
            Accept(header, now);
        }
    }

    private void Drop(string reason, long now) =>
        Counters.Drop(reason, request.FrameCount > HeaderFrame ? request[HeaderFrame].PeerAddress : null, now);

    private void Accept(RequestHeader header, long now)
    {
        if (header.ProtocolVersion != Methods.ProtocolVersion)
        {
            Refuse(header, Status.ProtocolVersionMismatch, Envelope.VersionMessage(header.ProtocolVersion, Endpoint));
        }
        else if (inProgress >= Options.CallsInProgressMax)
        {
            Refuse(
                header, Status.LimitExceeded,
                $"{Endpoint} has {inProgress} calls in progress, its limit: try again later");
        }
        else if (!handlers.TryGetValue(header.Method, out RpcHandler? handler))
        {
            Refuse(header, Status.NotSupported, $"{Endpoint} does not serve '{header.Method}'");
        }
        else if (handler.Accept(request[BodyFrame], Options.RequestBytesMax) is not { } call)
        {
            Refuse(header, Status.InvalidArgument, $"the body of {header.Method} is malformed or too long");
        }
        else
        {
            Begin(call, header, now);
        }
    }

    private void Begin(ServerCall call, RequestHeader header, long now)
    {
        Fill(call, header);
        inProgress++;
        if (call.MayAnswerAtOnce && call.TryAnswerAtOnce(receivedAt) is { } reply)
        {
            Send(reply, now);
            return;
        }

        long granted = header.DeadlineMilliseconds * NanosecondsPerMillisecond;
        long limit = (long)Options.ServerDeadlineMax.TotalNanoseconds;
        deadlines.Add(call, now + (granted == 0 ? limit : Math.Min(granted, limit)));
        strand.Post(static state => ((ServerCall)state!).Run(), call);
    }

    private void Refuse(RequestHeader header, Status status, string message)
    {
        var call = new RefusedCall();
        Fill(call, header);
        inProgress++;
        Send(call.Refusal(status, message), Monotonic.Nanoseconds);
    }

    private void Fill(ServerCall call, RequestHeader header)
    {
        call.Loop = this;
        call.RoutingId = request[RoutingFrame].Span.ToArray();
        call.CorrelationId = header.CorrelationId;
        call.Method = header.Method;
        call.Peer = request[HeaderFrame].PeerAddress ?? "unknown";
    }

    private void SendReplies(long now)
    {
        if (refused.Count > 0)
        {
            List<Reply> again = [.. refused];
            refused.Clear();
            again.ForEach(reply => Send(reply, now));
        }

        while (replies.TryDequeue(out Reply? reply))
        {
            Send(reply, now);
        }
    }

    private void Send(Reply reply, long now)
    {
        deadlines.Remove(reply.Call);
        if (!TrySend(reply, out bool peerGone) && !peerGone && now - reply.RefusedAt < UnsentReplyNanoseconds)
        {
            refused.Add(reply);
            return;
        }

        inProgress--;
        reply.Dispose();
    }

    private bool TrySend(Reply reply, out bool peerGone)
    {
        peerGone = false;
        using var route = new NetMQFrame(reply.Call.RoutingId);
        try
        {
            if (socket.TrySendFrame(route, more: true))
            {
                socket.TrySendFrame(reply.Header, more: true);
                socket.TrySendFrame(reply.Body);
                return true;
            }

            reply.RefusedAt = reply.RefusedAt == 0 ? Monotonic.Nanoseconds : reply.RefusedAt;
        }
        catch (NetMQException)
        {
            peerGone = true; // the router knows the peer no more: nobody waits for this reply
        }

        Counters.Unsent();
        return false;
    }

    private void Expire(long now)
    {
        deadlines.Advance(now, expired);
        foreach (WheelNode node in expired)
        {
            PostCancel((ServerCall)node);
        }

        expired.Clear();
    }

    /// <summary>The server stops: whoever waits is told so, and its handler is cancelled.</summary>
    private void RefuseAll()
    {
        SendReplies(Monotonic.Nanoseconds);
        deadlines.Clear(expired);
        foreach (ServerCall call in expired.Cast<ServerCall>())
        {
            PostCancel(call);
            using Reply reply = call.Refusal(Status.NoConnection, $"the server at {Endpoint} is stopping");
            TrySend(reply, out _);
        }

        refused.ForEach(reply => reply.Dispose());
    }

    private void PostCancel(ServerCall call)
    {
        try
        {
            strand.Post(static state => ((ServerCall)state!).Cancel(), call);
        }
        catch (ObjectDisposedException)
        {
            // The strand's thread has ended before the server: nothing runs there any more.
        }
    }

    private sealed class RefusedCall : ServerCall
    {
        protected override ValueTask<Google.Protobuf.IMessage> InvokeAsync(Core.Ports.RpcContext context) =>
            throw new InvalidOperationException("a refused call does not run");
    }
}

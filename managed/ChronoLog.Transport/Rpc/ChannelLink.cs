using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Timing;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// The owner thread's side of one channel: its DEALER socket, the calls that wait to be sent, and those that wait for
/// their reply. A call waits here, not in libzmq, while no connection stands, so that the server never executes one
/// whose caller has gone, and so that a call that was never sent can say so.
/// </summary>
internal sealed class ChannelLink(string endpoint, RpcOptions options, TimeSpan connectPatience)
{
    private const int HeaderFrame = 0;
    private const int BodyFrame = 1;
    private const int FramesPerReply = 2;
    private const int RepliesPerCycle = 256;
    private const long NanosecondsPerMillisecond = 1_000_000;
    private static readonly TimeSpan ReconnectFirst = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ReconnectMax = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    private readonly Dictionary<ulong, PendingCall> calls = [];
    private readonly Queue<PendingCall> unsent = new();
    private readonly NetMQMessage reply = new(FramesPerReply);
    private DealerSocket? socket;
    private NetMQMonitor? monitor;
    private ulong correlationIds;
    private ConnectAttempts? attempts = connectPatience == Timeout.InfiniteTimeSpan
        ? null
        : new ConnectAttempts(connectPatience, ConnectTimeout);

    private string disconnectedBecause = "nobody answers there";

    public string Endpoint { get; } = endpoint;

    /// <summary>Completes when the socket is closed.</summary>
    public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsOpen => socket is not null;

    public int SocketSlot { get; private set; }

    public int MonitorSlot { get; private set; }

    public void Open()
    {
        socket = new DealerSocket();
        Configure(socket.Options);
        monitor = new NetMQMonitor(
            socket,
            SocketEvents.HandshakeSucceeded | SocketEvents.Disconnected | SocketEvents.HandshakeFailedNoDetail
            | SocketEvents.HandshakeFailedProtocol | SocketEvents.HandshakeFailedAuth
            | (attempts is null ? SocketEvents.None : ConnectAttempts.Events));
        socket.Connect(Endpoint);
    }

    public void AddTo(Poller poller)
    {
        SocketSlot = poller.Add(socket!, canSend: unsent.Count > 0);
        MonitorSlot = poller.Add(monitor!.Socket);
    }

    /// <summary>Wants to hear when the socket can send, while something waits for that.</summary>
    public void UpdatePoll(Poller poller) => poller.SetCanSend(SocketSlot, unsent.Count > 0);

    public void Begin(PendingCall call, DeadlineWheel deadlines)
    {
        call.CorrelationId = ++correlationIds;
        calls.Add(call.CorrelationId, call);
        deadlines.Add(call, call.DeadlineNanoseconds);
        unsent.Enqueue(call);
    }

    /// <summary>Sends what waits, as far as the socket takes it.</summary>
    public void SendUnsent(long now)
    {
        while (unsent.TryPeek(out PendingCall? call) && (!calls.ContainsKey(call.CorrelationId) || TrySend(call, now)))
        {
            unsent.Dequeue().Body.Dispose();
        }
    }

    public void ReceiveReplies(DeadlineWheel deadlines, RpcCounters counters, long now)
    {
        for (int i = 0; i < RepliesPerCycle && socket!.TryReceive(reply); i++)
        {
            Receive(deadlines, counters, now);
        }
    }

    public void ObserveConnection(DeadlineWheel deadlines, long now)
    {
        while (monitor!.TryReceive(out MonitorEvent monitorEvent))
        {
            attempts?.Observe(monitorEvent.Event, now);
            switch (monitorEvent.Event)
            {
                case SocketEvents.HandshakeSucceeded:
                    disconnectedBecause = "the connection was lost";
                    attempts = null; // from now on the server is waited for
                    break;
                case SocketEvents.Disconnected:
                    FailSent(deadlines);
                    break;
                case SocketEvents.HandshakeFailedAuth or SocketEvents.HandshakeFailedProtocol
                    or SocketEvents.HandshakeFailedNoDetail:
                    disconnectedBecause = "the handshake failed: check the keys, and that the port is ChronoLog's";
                    break;
            }
        }

        if (attempts is { IsRefused: true })
        {
            GiveUp(attempts, deadlines, now);
        }
    }

    /// <summary>The deadline of a call has come.</summary>
    public void Expire(PendingCall call)
    {
        if (calls.Remove(call.CorrelationId))
        {
            string time = $"{call.Deadline.TotalMilliseconds:0} ms";
            call.Fail(
                call.Sent ? Status.TimedOut : Status.NoConnection,
                call.Sent
                    ? $"{Endpoint} did not answer {call.Method} within {time}: unknown whether it was executed"
                    : $"no connection to {Endpoint} within {time}, {call.Method} was not sent: {disconnectedBecause}");
        }
    }

    /// <summary>The caller has gone.</summary>
    public void Forget(PendingCall call, DeadlineWheel deadlines)
    {
        calls.Remove(call.CorrelationId);
        deadlines.Remove(call);
    }

    /// <summary>Fails every call and closes the socket.</summary>
    public void Close(DeadlineWheel deadlines)
    {
        foreach (PendingCall call in calls.Values)
        {
            deadlines.Remove(call);
            call.Fail(Status.NoConnection, $"the channel to {Endpoint} was closed during {call.Method}");
        }

        calls.Clear();
        while (unsent.TryDequeue(out PendingCall? call))
        {
            call.Body.Dispose();
        }

        monitor?.Dispose();
        socket?.Dispose();
        reply.Dispose();
        socket = null;
        Closed.TrySetResult();
    }

    private void Configure(SocketOptions socketOptions)
    {
        socketOptions.Linger = TimeSpan.Zero;
        socketOptions.Immediate = true;
        socketOptions.IPv6 = RpcEndpoint.Parse(Endpoint, portRequired: true).IsIPv6;
        socketOptions.MaxMsgSize = options.ReplyBytesMax;
        socketOptions.SendHighWatermark = options.HighWatermark;
        socketOptions.ReceiveHighWatermark = options.HighWatermark;
        socketOptions.ReconnectInterval = ReconnectFirst;
        socketOptions.ReconnectIntervalMax = ReconnectMax;
        socketOptions.ConnectTimeout = ConnectTimeout;
        socketOptions.HandshakeInterval = options.HandshakeInterval;
        socketOptions.HeartbeatInterval = options.HeartbeatInterval;
        socketOptions.HeartbeatTimeout = options.HeartbeatInterval * 3;
        socketOptions.HeartbeatTtl = options.HeartbeatInterval * 3;
        if (options.ServerKey is { } serverKey)
        {
            socketOptions.CurveServerKey = serverKey;
            socketOptions.CurveCertificate = options.Keys?.ToCertificate() ?? NetMQCertificate.Create();
        }
    }

    private bool TrySend(PendingCall call, long now)
    {
        long milliseconds = Math.Max(1, (call.DeadlineNanoseconds - now) / NanosecondsPerMillisecond);
        using NetMQFrame header = Envelope.Write(new RequestHeader
        {
            ProtocolVersion = Methods.ProtocolVersion,
            CorrelationId = call.CorrelationId,
            Method = call.Method,
            DeadlineMilliseconds = (uint)Math.Min(uint.MaxValue, milliseconds),
        });
        if (!socket!.TrySendFrame(header, more: true))
        {
            return false;
        }

        call.MarkSending();
        socket.TrySendFrame(call.Body);
        call.Sent = true;
        return true;
    }

    private void Receive(DeadlineWheel deadlines, RpcCounters counters, long now)
    {
        if (reply.FrameCount != FramesPerReply
            || !Envelope.TryParse(
                ReplyHeader.Parser, reply[HeaderFrame], options.HeaderBytesMax, out ReplyHeader? header))
        {
            counters.Drop($"a message of {reply.FrameCount} frames that is no reply", Endpoint, now);
            return;
        }

        // Unknown: the reply to a call that has ended already, or that was never made.
        if (calls.Remove(header.CorrelationId, out PendingCall? call))
        {
            call.MarkReceived();
            deadlines.Remove(call);
            if (header.ProtocolVersion != Methods.ProtocolVersion && header.Status != Status.ProtocolVersionMismatch)
            {
                call.Fail(
                    Status.ProtocolVersionMismatch, Envelope.VersionMessage(header.ProtocolVersion, "this client"));
            }
            else if (!call.Complete(header, reply[BodyFrame], options.ReplyBytesMax, Endpoint))
            {
                counters.Drop($"a reply to {call.Method} that is none", Endpoint, now);
            }
            else if (call.TryRenew())
            {
                Begin(call, deadlines); // sent in this cycle
            }
        }
    }

    /// <summary>Nobody has ever been there, and nobody comes: who has waited for that long need not wait any longer.</summary>
    private void GiveUp(ConnectAttempts refused, DeadlineWheel deadlines, long now)
    {
        foreach (PendingCall call in calls.Values.Where(call => refused.IsEnough(call.BegunNanoseconds, now)).ToArray())
        {
            calls.Remove(call.CorrelationId);
            deadlines.Remove(call);
            double time = (now - call.BegunNanoseconds) / (double)NanosecondsPerMillisecond;
            string why = refused.IsReached
                ? disconnectedBecause
                : "nobody listens there, or there is no way to it: check the address, and that the server runs";
            call.Fail(
                Status.NoConnection, $"no connection to {Endpoint} for {time:0} ms, {call.Method} was not sent: {why}");
        }
    }

    /// <summary>The connection is gone, and with it the replies to what was sent over it.</summary>
    private void FailSent(DeadlineWheel deadlines)
    {
        foreach (PendingCall call in calls.Values.Where(call => call.Sent).ToArray())
        {
            calls.Remove(call.CorrelationId);
            deadlines.Remove(call);
            call.Fail(
                Status.NoConnection,
                $"the connection to {Endpoint} was lost during {call.Method}: unknown whether it was executed");
        }
    }
}

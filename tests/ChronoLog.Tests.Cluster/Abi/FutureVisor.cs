using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using Google.Protobuf;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>A portal of a release to come: it answers every call in its own version, as releases do.</summary>
internal sealed class FutureVisor : IDisposable
{
    private const int FramesOfCall = 3; // peer, header, body
    private readonly RouterSocket socket = new();
    private readonly Thread thread;
    private volatile bool ending;

    public FutureVisor()
    {
        socket.Options.Linger = TimeSpan.Zero;
        socket.Bind("tcp://127.0.0.1:0");
        Endpoint = socket.LastEndpoint;
        socket.HandOver();
        thread = new Thread(Answer) { IsBackground = true };
        thread.Start();
    }

    public string Endpoint { get; }

    public void Dispose()
    {
        ending = true;
        thread.Join();
    }

    private void Answer()
    {
        using RouterSocket mine = socket; // its thread from here on
        using var signal = new PollSignal();
        var poller = new Poller(signal);
        poller.Add(socket);
        using var call = new NetMQMessage(FramesOfCall);
        while (!ending)
        {
            poller.Wait(50);
            while (socket.TryReceive(call))
            {
                RequestHeader header = RequestHeader.Parser.ParseFrom(call[1].Span);
                var reply = new ReplyHeader { ProtocolVersion = header.ProtocolVersion + 1, CorrelationId = header.CorrelationId };
                using var peer = new NetMQFrame(call[0].Span);
                using var head = new NetMQFrame(reply.ToByteArray());
                using var body = new NetMQFrame(0);
                Assert.That(
                    socket.TrySendFrame(peer, more: true) && socket.TrySendFrame(head, more: true) && socket.TrySendFrame(body));
            }
        }
    }
}

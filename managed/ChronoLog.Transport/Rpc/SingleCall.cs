using ChronoLog.Interop.Zmq;
using Google.Protobuf;

namespace ChronoLog.Transport.Rpc;

/// <summary>A call that ends with its reply.</summary>
internal sealed class SingleCall<TReply>(
    string method, MessageParser<TReply> parser, NetMQFrame body, TimeSpan deadline)
    : PendingCall<TReply, TReply>(method, parser, body, deadline)
    where TReply : class, IMessage<TReply>
{
    protected override void Take(TReply reply) => End(reply);
}

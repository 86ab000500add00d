using Google.Protobuf;

namespace ChronoLog.Core.Protocol;

/// <summary>A remote procedure: its name on the wire and the parsers of its two messages.</summary>
public sealed class RpcMethod<TRequest, TReply>(
    string name, MessageParser<TRequest> requestParser, MessageParser<TReply> replyParser)
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    public string Name { get; } = name;

    public MessageParser<TRequest> RequestParser { get; } = requestParser;

    public MessageParser<TReply> ReplyParser { get; } = replyParser;
}

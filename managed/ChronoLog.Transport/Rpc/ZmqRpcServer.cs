using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>Serves remote procedures on a ROUTER socket.</summary>
public sealed class ZmqRpcServer : IRpcServer
{
    public ZmqRpcServer(string endpoint, Strand strand, ILogger logger, RpcOptions? options = null)
    {
        Endpoint = endpoint;
        _ = (strand, logger, options);
    }

    public string Endpoint { get; }

    public void Handle<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, Func<TRequest, RpcContext, ValueTask<TReply>> handler)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => throw new NotImplementedException();

    public void Start() => throw new NotImplementedException();

    public ValueTask DisposeAsync() => default;
}

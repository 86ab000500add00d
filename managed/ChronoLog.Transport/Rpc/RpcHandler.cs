using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using Google.Protobuf;

namespace ChronoLog.Transport.Rpc;

/// <summary>One registered method of a server.</summary>
internal abstract class RpcHandler
{
    /// <summary>Parses the request's body; null when it is not one.</summary>
    public abstract ServerCall? Accept(NetMQFrame body, int bytesMax);
}

/// <inheritdoc cref="RpcHandler"/>
internal sealed class RpcHandler<TRequest, TReply>(
    RpcMethod<TRequest, TReply> method, Func<TRequest, RpcContext, ValueTask<TReply>> handler) : RpcHandler
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    public override ServerCall? Accept(NetMQFrame body, int bytesMax) =>
        Envelope.TryParse(method.RequestParser, body, bytesMax, out TRequest? request)
            ? new Call(request, handler)
            : null;

    private sealed class Call(TRequest request, Func<TRequest, RpcContext, ValueTask<TReply>> handler) : ServerCall
    {
        protected override async ValueTask<IMessage> InvokeAsync(RpcContext context) => await handler(request, context);
    }
}

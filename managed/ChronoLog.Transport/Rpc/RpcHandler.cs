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
    private readonly Func<TRequest, RpcContext, ValueTask<TReply>> handler = handler;

    /// <summary>Given by the owner thread; null where it is left to the handler.</summary>
    public Func<TRequest, long, TReply?>? AtOnce { get; set; }

    public override ServerCall? Accept(NetMQFrame body, int bytesMax) =>
        Envelope.TryParse(method.RequestParser, body, bytesMax, out TRequest? request)
            ? new Call(request, this)
            : null;

    private sealed class Call(TRequest request, RpcHandler<TRequest, TReply> owner) : ServerCall
    {
        public override bool MayAnswerAtOnce => owner.AtOnce is not null;

        protected override async ValueTask<IMessage> InvokeAsync(RpcContext context) =>
            await owner.handler(request, context);

        protected override IMessage? AnswerAtOnce(long received) => owner.AtOnce?.Invoke(request, received);
    }
}

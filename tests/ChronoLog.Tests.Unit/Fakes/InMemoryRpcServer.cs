using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>One server of an <see cref="InMemoryRpc"/>.</summary>
public sealed class InMemoryRpcServer(InMemoryRpc rpc, Strand strand, string endpoint) : IRpcServer
{
    private readonly Dictionary<string, Func<byte[], RpcContext, ValueTask<byte[]>>> handlers = [];

    public string Endpoint => endpoint;

    public void Handle<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, Func<TRequest, RpcContext, ValueTask<TReply>> handler)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        handlers.Add(method.Name, async (bytes, context) =>
        {
            TRequest request = method.RequestParser.ParseFrom(bytes);
            rpc.Calls.Enqueue((endpoint, method.Name, request));
            return (await handler(request, context)).ToByteArray();
        });
    }

    public void Start() => rpc.Attach(this);

    public ValueTask DisposeAsync()
    {
        rpc.Detach(this);
        return ValueTask.CompletedTask;
    }

    internal Task<byte[]> CallAsync(string method, byte[] request, CancellationToken deadline) =>
        strand.InvokeAsync(async () =>
        {
            if (!handlers.TryGetValue(method, out Func<byte[], RpcContext, ValueTask<byte[]>>? handler))
            {
                throw new ChronoLogException(Status.NotSupported, $"{endpoint} does not serve {method}");
            }

            try
            {
                return await handler(request, new RpcContext(deadline, "memory"));
            }
            catch (Exception exception) when (exception is not ChronoLogException)
            {
                throw new ChronoLogException(Status.Internal, $"{method} at {endpoint}: {exception}", exception);
            }
        });
}

using System.Collections.Concurrent;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>A server whose calls a test counts, holds up and refuses, before or after their handler ran.</summary>
internal sealed class HookedServer(IRpcServer inner) : IRpcServer
{
    private readonly ConcurrentQueue<string> calls = new();
    private readonly ConcurrentDictionary<string, Func<ValueTask>> before = new();
    private readonly ConcurrentDictionary<string, Func<ValueTask>> after = new();

    public string Endpoint => inner.Endpoint;

    /// <summary>How often the method was called.</summary>
    public int Count<TRequest, TReply>(RpcMethod<TRequest, TReply> method)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => calls.Count(name => name == method.Name);

    /// <summary>From now on the hook is awaited before the handler; what it throws is the reply.</summary>
    public void Before<TRequest, TReply>(RpcMethod<TRequest, TReply> method, Func<ValueTask> hook)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => before[method.Name] = hook;

    /// <summary>From now on the hook is awaited between the handler and the reply.</summary>
    public void After<TRequest, TReply>(RpcMethod<TRequest, TReply> method, Func<ValueTask> hook)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => after[method.Name] = hook;

    public void Handle<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, Func<TRequest, RpcContext, ValueTask<TReply>> handler)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => inner.Handle(method, async (request, context) =>
    {
        calls.Enqueue(method.Name);
        if (before.TryGetValue(method.Name, out Func<ValueTask>? first))
        {
            await first();
        }

        TReply reply = await handler(request, context);
        if (after.TryGetValue(method.Name, out Func<ValueTask>? last))
        {
            await last();
        }

        return reply;
    });

    public void Start() => inner.Start();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

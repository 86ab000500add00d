using System.Collections.Concurrent;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>
/// The control plane of one test: <see cref="NewServer"/> makes servers, <see cref="Open"/> channels to them. A call to
/// an endpoint that no server serves ends with TimedOut after its deadline.
/// </summary>
public sealed class InMemoryRpc(ManualTimers timers) : IRpcConnector
{
    private readonly ConcurrentDictionary<string, InMemoryRpcServer> servers = new();
    private int ports = 1000;

    /// <summary>Every call that reached a server, by method name, in order.</summary>
    public ConcurrentQueue<(string Endpoint, string Method, IMessage Request)> Calls { get; } = new();

    /// <summary>Decides per call (endpoint, method) whether the request is lost before it reaches the server.</summary>
    public Func<string, string, bool>? LoseRequest { get; set; }

    /// <summary>Decides per call (endpoint, method) whether the reply is lost after the handler ran.</summary>
    public Func<string, string, bool>? LoseReply { get; set; }

    internal ManualTimers Timers => timers;

    /// <param name="strand">Where the handlers run.</param>
    /// <param name="endpoint">A new one by default.</param>
    public InMemoryRpcServer NewServer(Strand strand, string? endpoint = null)
    {
        endpoint ??= $"tcp://memory:{Interlocked.Increment(ref ports)}";
        return new InMemoryRpcServer(this, strand, endpoint);
    }

    public IRpcChannel Open(string endpoint) => new InMemoryRpcChannel(this, endpoint);

    internal void Attach(InMemoryRpcServer server) => servers[server.Endpoint] = server;

    internal void Detach(InMemoryRpcServer server) =>
        ((ICollection<KeyValuePair<string, InMemoryRpcServer>>)servers).Remove(new(server.Endpoint, server));

    internal InMemoryRpcServer? Find(string endpoint) => servers.GetValueOrDefault(endpoint);

    /// <summary>The requests of one method so far.</summary>
    public IReadOnlyList<TRequest> CallsOf<TRequest, TReply>(RpcMethod<TRequest, TReply> method)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        [.. Calls.Where(call => call.Method == method.Name).Select(call => (TRequest)call.Request)];
}

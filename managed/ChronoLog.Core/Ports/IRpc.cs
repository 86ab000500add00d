using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Core.Ports;

/// <summary>What a handler knows about the call it answers.</summary>
/// <param name="Deadline">Cancelled when the caller has stopped waiting, or the server stops.</param>
/// <param name="Peer">Who asked, for log messages.</param>
public readonly record struct RpcContext(CancellationToken Deadline, string Peer);

/// <summary>Serves remote procedures on one port. Handlers run on the strand that the server was made with.</summary>
public interface IRpcServer : IAsyncDisposable
{
    /// <summary>The bound address, for example "tcp://127.0.0.1:5555".</summary>
    string Endpoint { get; }

    /// <summary>
    /// Registers the one handler of a method; all before <see cref="Start"/>. A <see cref="ChronoLogException"/>
    /// becomes a reply with its status and message; any other exception becomes <see cref="Status.Internal"/>, and the
    /// server stays up. A reply that is sent together with status PARTIAL says so in its own fields.
    /// </summary>
    void Handle<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, Func<TRequest, RpcContext, ValueTask<TReply>> handler)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>;

    /// <summary>Begins to answer.</summary>
    void Start();
}

/// <summary>Opens channels to servers.</summary>
public interface IRpcConnector
{
    /// <summary>
    /// A channel to the endpoint; connecting happens in the background and is retried for as long as it is open.
    /// </summary>
    IRpcChannel Open(string endpoint);
}

/// <summary>A connection to one server; any number of calls at once, from any thread.</summary>
public interface IRpcChannel : IAsyncDisposable
{
    string Endpoint { get; }

    /// <summary>Calls the method and waits for its reply.</summary>
    /// <exception cref="ChronoLogException">
    /// The server's status and message; <see cref="Status.TimedOut"/> when no reply came before the deadline: whether
    /// the call was executed is then unknown.
    /// </exception>
    ValueTask<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>;
}

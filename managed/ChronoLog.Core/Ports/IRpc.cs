using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Core.Ports;

/// <summary>What a handler knows about the call it answers.</summary>
/// <param name="Deadline">Cancelled when the caller has stopped waiting, or the server stops.</param>
/// <param name="Peer">Who asked, for log messages.</param>
public readonly record struct RpcContext(CancellationToken Deadline, string Peer);

/// <summary>What a server answered, and when on the caller's clock.</summary>
/// <param name="Reply">Its answer.</param>
/// <param name="Sent">Read right before the request left.</param>
/// <param name="Received">Read as soon as the reply was there.</param>
public readonly record struct TimedReply<TReply>(TReply Reply, ulong Sent, ulong Received);

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

    /// <summary>
    /// Adds to a method that has its handler an answer that is given at once, by the thread that receives: before whatever
    /// came earlier and waits for the strand. It may take some microseconds, waits for nothing, throws nothing, and uses
    /// only what any thread may; null: not this time, the handler does it. A server without such a thread leaves it out.
    /// </summary>
    /// <param name="method">The same as of the handler.</param>
    /// <param name="answer">Of the request and when it was there, in nanoseconds as of <see cref="ITimers"/>.</param>
    void AnswerAtOnce<TRequest, TReply>(RpcMethod<TRequest, TReply> method, Func<TRequest, long, TReply?> answer)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
    }

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

    /// <summary>
    /// The same for a server that ought to be there: while no connection has ever stood, and none is to be had for so long
    /// (each attempt is refused, or there is no way), calls end with <see cref="Status.NoConnection"/> instead of waiting for
    /// their deadline. Once a connection has stood the channel waits for its server as every other one does. A connector whose
    /// network does not tell a refusal from silence leaves it out.
    /// </summary>
    IRpcChannel Open(string endpoint, TimeSpan connectPatience) => Open(endpoint);
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

    /// <summary>
    /// The same, and when the request left and the reply came, as near to the wire as the channel can tell. The clock is read
    /// from any thread until the channel is disposed; it waits for nothing and throws nothing.
    /// </summary>
    async ValueTask<TimedReply<TReply>> CallTimedAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        Func<ulong> clock,
        TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        (await CallInTurnAsync(method, request, clock, 1, deadline, cancellation))[0];

    /// <summary>
    /// Makes the call again as soon as its reply is there, without a way through the caller: threads that have just been at
    /// work answer faster than those that have to be woken.
    /// </summary>
    /// <param name="method">As of the single call; that the server may have executed some of them is the caller's business.</param>
    /// <param name="request">Sent each time.</param>
    /// <param name="clock">As of a timed call.</param>
    /// <param name="count">Calls.</param>
    /// <param name="deadline">For each of them.</param>
    /// <param name="cancellation">Of the rest.</param>
    /// <returns>Of all of them. The first failure is the failure of all.</returns>
    async ValueTask<IReadOnlyList<TimedReply<TReply>>> CallInTurnAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        Func<ulong> clock,
        int count,
        TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        var replies = new TimedReply<TReply>[count];
        for (int i = 0; i < count; i++)
        {
            ulong sent = clock();
            TReply reply = await CallAsync(method, request, deadline, cancellation);
            replies[i] = new TimedReply<TReply>(reply, sent, clock());
        }

        return replies;
    }
}

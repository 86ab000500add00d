using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// A connection to one server. Calls wait while the server is away and go out when it is back; a connection that dies
/// ends the calls that were sent over it at once, with <see cref="Status.NoConnection"/>.
/// </summary>
public sealed class ZmqRpcChannel : IRpcChannel
{
    // The longest deadline that fits the header's 32 bits of milliseconds, less some: 24 days.
    private static readonly TimeSpan DeadlineMax = TimeSpan.FromDays(24);

    private readonly ConnectorLoop loop;
    private readonly ChannelLink link;
    private readonly RpcOptions options;
    private int disposed;

    internal ZmqRpcChannel(ConnectorLoop loop, ChannelLink link, RpcOptions options)
    {
        this.loop = loop;
        this.link = link;
        this.options = options;
    }

    public string Endpoint => link.Endpoint;

    public ValueTask<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        Refusal(method.Name, request, cancellation) is { } refusal
            ? ValueTask.FromException<TReply>(refusal)
            : BeginAsync(
                new SingleCall<TReply>(method.Name, method.ReplyParser, Envelope.Write(request), Clamp(deadline)) { Link = link },
                cancellation);

    public ValueTask<IReadOnlyList<TimedReply<TReply>>> CallInTurnAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        Func<ulong> clock,
        int count,
        TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        Refusal(method.Name, request, cancellation) is { } refusal
            ? ValueTask.FromException<IReadOnlyList<TimedReply<TReply>>>(refusal)
            : BeginAsync(
                new CallsInTurn<TReply>(method.Name, method.ReplyParser, request, clock, count, Clamp(deadline))
                {
                    Link = link,
                },
                cancellation);

    /// <summary>Ends every call in progress with <see cref="Status.NoConnection"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            loop.Enqueue(new ChannelCommand(ChannelAction.Close, link));
        }

        await link.Closed.Task;
    }

    private static TimeSpan Clamp(TimeSpan deadline) =>
        deadline < TimeSpan.Zero ? TimeSpan.Zero : deadline > DeadlineMax ? DeadlineMax : deadline;

    /// <summary>Why the call is not begun; null: it is.</summary>
    private Exception? Refusal(string method, IMessage request, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return new OperationCanceledException(cancellation);
        }

        if (Volatile.Read(ref disposed) != 0)
        {
            return new ChronoLogException(Status.NoConnection, $"{method}: the channel to {Endpoint} is closed");
        }

        int size = request.CalculateSize();
        return size <= options.RequestBytesMax
            ? null
            : new ChronoLogException(
                Status.LimitExceeded,
                $"{method} to {Endpoint}: a request of {size} bytes is longer than {options.RequestBytesMax}");
    }

    private ValueTask<TResult> BeginAsync<TReply, TResult>(
        PendingCall<TReply, TResult> call, CancellationToken cancellation)
        where TReply : class, IMessage<TReply>
    {
        loop.Enqueue(new ChannelCommand(ChannelAction.Call, link, call));
        return new ValueTask<TResult>(cancellation.CanBeCanceled ? AwaitAsync(call, cancellation) : call.Task);
    }

    // The registration must end with the call, else a long-lived token gathers the dead. The continuation in here needs
    // no context of the caller's, whose own await still returns to it.
    private async Task<TResult> AwaitAsync<TReply, TResult>(
        PendingCall<TReply, TResult> call, CancellationToken cancellation)
        where TReply : class, IMessage<TReply>
    {
        await using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            (_, token) =>
            {
                call.Cancel(token);
                loop.Enqueue(new ChannelCommand(ChannelAction.Cancel, link, call));
            }, null);
        return await call.Task.ConfigureAwait(false);
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Timing;
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
        where TReply : class, IMessage<TReply> => CallAsync(method, request, null, deadline, cancellation);

    public async ValueTask<TimedReply<TReply>> CallTimedAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        Func<ulong> clock,
        TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        var times = new CallTimes(clock);
        TReply reply = await CallAsync(method, request, times, deadline, cancellation).ConfigureAwait(false);
        return new TimedReply<TReply>(reply, times.Sent, times.Received);
    }

    /// <summary>Ends every call in progress with <see cref="Status.NoConnection"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            loop.Enqueue(new ChannelCommand(ChannelAction.Close, link));
        }

        await link.Closed.Task;
    }

    private ValueTask<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        CallTimes? times,
        TimeSpan deadline,
        CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TReply>(cancellation);
        }

        if (Volatile.Read(ref disposed) != 0)
        {
            return Failed<TReply>(Status.NoConnection, $"{method.Name}: the channel to {Endpoint} is closed");
        }

        int size = request.CalculateSize();
        if (size > options.RequestBytesMax)
        {
            return Failed<TReply>(
                Status.LimitExceeded,
                $"{method.Name} to {Endpoint}: a request of {size} bytes is longer than {options.RequestBytesMax}");
        }

        deadline = deadline < TimeSpan.Zero ? TimeSpan.Zero : deadline > DeadlineMax ? DeadlineMax : deadline;
        long due = Monotonic.Nanoseconds + (long)deadline.TotalNanoseconds;
        NetMQFrame body = Envelope.Write(request);
        var call = new PendingCall<TReply>(method.Name, method.ReplyParser, body, due, deadline)
        {
            Link = link, Times = times,
        };
        loop.Enqueue(new ChannelCommand(ChannelAction.Call, link, call));
        return new ValueTask<TReply>(cancellation.CanBeCanceled ? AwaitAsync(call, cancellation) : call.Task);
    }

    private static ValueTask<TReply> Failed<TReply>(Status status, string message) =>
        ValueTask.FromException<TReply>(new ChronoLogException(status, message));

    // The registration must end with the call, else a long-lived token gathers the dead. The continuation in here needs
    // no context of the caller's, whose own await still returns to it.
    private async Task<TReply> AwaitAsync<TReply>(PendingCall<TReply> call, CancellationToken cancellation)
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

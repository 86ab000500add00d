using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// Serves remote procedures on a ROUTER socket. Handlers run on the strand; one owner thread receives and sends.
/// Garbage, oversized and endless messages are dropped or cost their sender its connection, and the server stays up.
/// </summary>
public sealed class ZmqRpcServer : IRpcServer
{
    private static readonly TimeSpan LingerAfterStop = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PortReleaseMax = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, RpcHandler> handlers = new(StringComparer.Ordinal);
    private readonly RouterSocket socket;
    private readonly NetMQMonitor monitor;
    private readonly ServerLoop loop;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? thread;
    private int disposed;

    /// <summary>Binds the port; calls wait until <see cref="Start"/>.</summary>
    /// <param name="endpoint">"tcp://HOST:PORT"; port 0 takes a free one, see <see cref="Endpoint"/>.</param>
    /// <param name="strand">Where the handlers run.</param>
    /// <param name="logger">Defects of handlers, and at most one line a second about hostile peers.</param>
    /// <param name="options">Limits and keys.</param>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.InvalidArgument"/>: the address is malformed, not this machine's, or taken.
    /// </exception>
    public ZmqRpcServer(string endpoint, Strand strand, ILogger logger, RpcOptions? options = null)
    {
        options ??= RpcOptions.Default;
        RpcEndpoint address = RpcEndpoint.Parse(endpoint, portRequired: false).Resolve();
        socket = new RouterSocket();
        try
        {
            Configure(socket.Options, options, address);
            monitor = new NetMQMonitor(
                socket, SocketEvents.Accepted | SocketEvents.Disconnected | SocketEvents.Closed);
            Bind(address);
            Endpoint = socket.LastEndpoint;
            socket.HandOver();
            monitor.Socket.HandOver();
        }
        catch
        {
            monitor?.Dispose();
            socket.Dispose();
            throw;
        }

        loop = new ServerLoop(socket, monitor, Endpoint, strand, handlers, options, logger);
    }

    public string Endpoint { get; }

    /// <summary>What this server refused.</summary>
    public RpcCounters Counters => loop.Counters;

    public void Handle<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, Func<TRequest, RpcContext, ValueTask<TReply>> handler)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        if (thread is not null)
        {
            throw new InvalidOperationException($"{method.Name} was registered after the server's start");
        }

        handlers.Add(method.Name, new RpcHandler<TRequest, TReply>(method, handler));
    }

    public void AnswerAtOnce<TRequest, TReply>(RpcMethod<TRequest, TReply> method, Func<TRequest, long, TReply?> answer)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        if (thread is not null)
        {
            throw new InvalidOperationException($"{method.Name} was registered after the server's start");
        }

        ((RpcHandler<TRequest, TReply>)handlers[method.Name]).AtOnce = answer;
    }

    public void Start()
    {
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        if (thread is not null)
        {
            throw new InvalidOperationException($"the server at {Endpoint} was started twice");
        }

        thread = new Thread(Own) { Name = "rpc-server", IsBackground = true };
        thread.Start();
    }

    /// <summary>
    /// Tells every caller that waits, cancels the handlers, gives the port back. From any thread, also the strand's.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            if (thread is null)
            {
                Close();
            }
            else
            {
                loop.Stop();
            }
        }

        await stopped.Task;
    }

    private static void Configure(SocketOptions socketOptions, RpcOptions options, RpcEndpoint address)
    {
        socketOptions.Linger = TimeSpan.Zero;
        socketOptions.IPv6 = address.IsIPv6;
        socketOptions.MaxMsgSize = options.RequestBytesMax;
        socketOptions.SendHighWatermark = options.HighWatermark;
        socketOptions.ReceiveHighWatermark = options.HighWatermark;
        socketOptions.RouterMandatory = true;
        socketOptions.HandshakeInterval = options.HandshakeInterval;
        if (options.Keys is { } keys)
        {
            socketOptions.CurveServer = true;
            socketOptions.CurveCertificate = keys.ToCertificate();
        }
    }

    private void Bind(RpcEndpoint address)
    {
        try
        {
            socket.Bind(address.ToString());
        }
        catch (NetMQException exception)
        {
            string reason = exception.AddressAlreadyInUse
                ? $"port {address.Port} is taken: choose another port, or stop the process that listens there"
                : exception.AddressNotAvailable
                    ? $"this machine has no address {address.Host}: choose one that it has"
                    : exception.Message;
            throw new ChronoLogException(Status.InvalidArgument, $"cannot listen on {address}: {reason}", exception);
        }
    }

    private void Own()
    {
        try
        {
            loop.Run();
        }
        finally
        {
            Close();
        }
    }

    /// <summary>
    /// Closes the socket and waits until the port is free again, so that a successor can bind it at once.
    /// </summary>
    private void Close()
    {
        try
        {
            socket.Options.Linger = LingerAfterStop;
            socket.Unbind(Endpoint);
            AwaitPortRelease();
        }
        finally
        {
            monitor.Dispose();
            socket.Dispose();
            loop.Dispose();
            stopped.TrySetResult();
        }
    }

    private void AwaitPortRelease()
    {
        var signal = new PollSignal();
        var poller = new Poller(signal);
        poller.Add(monitor.Socket);
        long until = Timing.Monotonic.Nanoseconds + (long)PortReleaseMax.TotalNanoseconds;
        while (Timing.Monotonic.Nanoseconds < until)
        {
            while (monitor.TryReceive(out MonitorEvent monitorEvent))
            {
                if (monitorEvent.Event == SocketEvents.Closed && monitorEvent.Address == Endpoint)
                {
                    signal.Dispose();
                    return;
                }
            }

            poller.Wait(10);
        }

        signal.Dispose();
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>Opens channels to servers: one DEALER socket each, all owned by one thread.</summary>
public sealed class ZmqRpcConnector : IRpcConnector, IAsyncDisposable
{
    private readonly RpcOptions options;
    private readonly ConnectorLoop loop;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int disposed;

    /// <param name="logger">At most one line a second about servers that answer nonsense.</param>
    /// <param name="options">Limits and keys.</param>
    public ZmqRpcConnector(ILogger logger, RpcOptions? options = null)
    {
        this.options = options ?? RpcOptions.Default;
        loop = new ConnectorLoop(logger);
        var thread = new Thread(Own) { Name = "rpc-connector", IsBackground = true };
        thread.Start();
    }

    /// <summary>What this connector refused.</summary>
    public RpcCounters Counters => loop.Counters;

    /// <inheritdoc/>
    /// <exception cref="ChronoLogException"><see cref="Status.InvalidArgument"/>: malformed.</exception>
    public IRpcChannel Open(string endpoint) => Open(endpoint, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    /// <exception cref="ChronoLogException"><see cref="Status.InvalidArgument"/>: malformed.</exception>
    public IRpcChannel Open(string endpoint, TimeSpan connectPatience)
    {
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        string address = RpcEndpoint.Parse(endpoint, portRequired: true).ToString();
        var link = new ChannelLink(address, options, connectPatience);
        loop.Enqueue(new ChannelCommand(ChannelAction.Open, link));
        return new ZmqRpcChannel(loop, link, options);
    }

    /// <summary>Closes every channel.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            loop.Stop();
        }

        await stopped.Task;
    }

    private void Own()
    {
        try
        {
            loop.Run();
        }
        finally
        {
            loop.Dispose();
            stopped.TrySetResult();
        }
    }
}

using ChronoLog.Core.Ports;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>Opens channels to servers; one owner thread serves them all.</summary>
public sealed class ZmqRpcConnector : IRpcConnector, IAsyncDisposable
{
    public ZmqRpcConnector(ILogger logger, RpcOptions? options = null) => _ = (logger, options);

    public IRpcChannel Open(string endpoint) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => default;
}

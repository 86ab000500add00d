using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Rpc;

/// <summary>A server on a strand of its own, a connector, and a channel between them, over 127.0.0.1.</summary>
internal sealed class RpcHarness : IAsyncDisposable
{
    /// <summary>Far more than any call here takes, so that only a defect reaches it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly RpcOptions? options;

    public RpcHarness(RpcOptions? options = null, string endpoint = "tcp://127.0.0.1:0")
    {
        this.options = options;
        Strand = new StrandThread(new Strand("server"));
        Server = new ZmqRpcServer(endpoint, Strand.Strand, NullLogger.Instance, options);
        Connector = new ZmqRpcConnector(NullLogger.Instance, options);
        Channel = Connector.Open(Server.Endpoint);
    }

    public StrandThread Strand { get; }

    public ZmqRpcServer Server { get; private set; }

    public ZmqRpcConnector Connector { get; }

    public IRpcChannel Channel { get; }

    /// <summary>Starts the server with an echo of the clock exchange, which most tests call.</summary>
    public RpcHarness Start()
    {
        Server.Handle(Methods.Clock, (request, _) => new ValueTask<ClockReply>(Echo(request)));
        Server.Start();
        return this;
    }

    public ValueTask<ClockReply> CallAsync(ulong value) => CallAsync(value, Patience);

    public ValueTask<ClockReply> CallAsync(ulong value, TimeSpan deadline) =>
        Channel.CallAsync(Methods.Clock, new ClockRequest { ClientSend = value }, deadline);

    /// <summary>Stops the server and starts another on the same port.</summary>
    public async Task RestartAsync()
    {
        string endpoint = Server.Endpoint;
        await Server.DisposeAsync();
        Server = new ZmqRpcServer(endpoint, Strand.Strand, NullLogger.Instance, options);
        Start();
    }

    public async ValueTask DisposeAsync()
    {
        await Connector.DisposeAsync();
        await Server.DisposeAsync();
        Strand.Dispose();
    }

    public static ClockReply Echo(ClockRequest request) => new() { ClientSend = request.ClientSend, VisorReceive = 7 };

    public static async Task<ChronoLogException> FailureOf<T>(ValueTask<T> call)
    {
        try
        {
            await call.AsTask().WaitAsync(Patience * 2);
        }
        catch (ChronoLogException exception)
        {
            return exception;
        }

        throw new AssertionException("the call was expected to fail");
    }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Kernel;
using Google.Protobuf;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>A listener of a process; gone with it.</summary>
public sealed class SimRpcServer : IRpcServer
{
    private readonly SimNetwork network;
    private readonly Strand strand;
    private readonly Dictionary<string, Func<byte[], RpcContext, ValueTask<byte[]>>> handlers = [];

    public SimRpcServer(SimNetwork network, SimProcess process, Strand strand, string endpoint)
    {
        this.network = network;
        this.strand = strand;
        Process = process;
        Endpoint = endpoint;
        network.Place(endpoint, process.Node);
    }

    public SimProcess Process { get; }

    public string Endpoint { get; }

    public void Handle<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, Func<TRequest, RpcContext, ValueTask<TReply>> handler)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        handlers.Add(method.Name, async (bytes, context) =>
        {
            TRequest request = method.RequestParser.ParseFrom(bytes);
            network.Tamper?.Invoke(Process, request);
            return (await handler(request, context)).ToByteArray();
        });

    public void Start() => network.Attach(this);

    public ValueTask DisposeAsync()
    {
        network.Detach(this);
        return default;
    }

    /// <summary>A request has arrived.</summary>
    /// <param name="method">Its name.</param>
    /// <param name="body">Of the request.</param>
    /// <param name="patience">How long the caller waits.</param>
    /// <param name="answer">Takes the reply.</param>
    public void Receive(string method, byte[] body, TimeSpan patience, Action<RpcReply> answer)
    {
        var deadline = new CancellationTokenSource();
        Process.World.After(patience, () =>
        {
            if (Process.IsAlive)
            {
                deadline.Cancel();
            }
        });
        var context = new RpcContext(deadline.Token, "simulated");
        strand.Post(async _ => answer(await ServeAsync(method, body, context)), null);
    }

    private async ValueTask<RpcReply> ServeAsync(string method, byte[] body, RpcContext context)
    {
        if (!handlers.TryGetValue(method, out Func<byte[], RpcContext, ValueTask<byte[]>>? handler))
        {
            return new RpcReply(Status.NotSupported, $"{Endpoint} does not serve {method}", []);
        }

        try
        {
            return new RpcReply(Status.Ok, "", await handler(body, context));
        }
        catch (ChronoLogException exception)
        {
            return new RpcReply(exception.Status, exception.Message, []);
        }
        catch (OperationCanceledException exception)
        {
            return new RpcReply(Status.Cancelled, exception.Message, []);
        }
        catch (Exception exception)
        {
            if (Process.IsAlive)
            {
                Process.World.Violations.Add("no defect", $"{method} at {Process.FullName}: {exception}");
            }

            return new RpcReply(Status.Internal, exception.Message, []);
        }
    }
}

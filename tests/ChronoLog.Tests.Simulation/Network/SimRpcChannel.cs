using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Kernel;
using Google.Protobuf;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>
/// A connection of a process. Where nobody listens the call fails at once (refused) or waits out its deadline, as the
/// seed says: real connections do both.
/// </summary>
public sealed class SimRpcChannel(SimNetwork network, SimProcess process, string endpoint) : IRpcChannel
{
    private const double RefusedAtOnce = 0.5;

    private readonly SimWorld world = process.World;
    private readonly Lane requests = new();
    private readonly Lane replies = new();
    private readonly HashSet<TaskCompletionSource<RpcReply>> pending = [];
    private bool disposed;

    public string Endpoint => endpoint;

    /// <inheritdoc cref="SimRpcConnector.Vary"/>
    public Action<IMessage>? Vary { get; init; }

    public async ValueTask<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, TRequest request, TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        cancellation.ThrowIfCancellationRequested();
        var call = new TaskCompletionSource<RpcReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        pending.Add(call);
        using CancellationTokenRegistration registration =
            cancellation.UnsafeRegister(_ => call.TrySetCanceled(cancellation), null);
        world.After(process.Node.ToWorld(deadline), () => Fail(
            call, Status.TimedOut, $"{method.Name}: no reply from {endpoint} within {deadline.TotalSeconds} s"));
        Vary?.Invoke(request);
        if (process.Effect(method.Name))
        {
            Send(method.Name, request.ToByteArray(), deadline, call);
        }

        RpcReply reply;
        try
        {
            reply = await call.Task;
        }
        finally
        {
            pending.Remove(call);
        }

        if (reply.Status != Status.Ok)
        {
            throw new ChronoLogException(reply.Status, reply.Message);
        }

        TReply message = method.ReplyParser.ParseFrom(reply.Body);
        network.Tamper?.Invoke(process, message);
        return message;
    }

    public ValueTask DisposeAsync()
    {
        disposed = true;
        foreach (TaskCompletionSource<RpcReply> call in pending.ToArray())
        {
            Fail(call, Status.NoConnection, $"the channel to {endpoint} was closed");
        }

        return default;
    }

    private void Send(string method, byte[] body, TimeSpan deadline, TaskCompletionSource<RpcReply> call)
    {
        SimNode node = network.NodeOf(endpoint);
        world.Note(method, process.FullName, StableHash.Of(body));
        network.Send(process.Node, node, requests, () =>
        {
            if (network.Find(endpoint) is { } server)
            {
                world.Note("request", server.Process.FullName, StableHash.Of(method));
                server.Receive(method, body, deadline, reply => Answer(server.Process, node, method, call, reply));
            }
            else if (world.Random.Chance(RefusedAtOnce))
            {
                network.Send(node, process.Node, replies, () => Fail(
                    call, Status.NoConnection, $"{method}: nobody listens at {endpoint}"));
            }
        });
    }

    private void Answer(
        SimProcess server, SimNode node, string method, TaskCompletionSource<RpcReply> call, RpcReply reply)
    {
        if (!server.Effect($"reply to {method}"))
        {
            return;
        }

        network.Send(node, process.Node, replies, () =>
        {
            if (process.IsAlive)
            {
                world.Note("reply", process.FullName, StableHash.Of(reply.Body), (ulong)reply.Status);
                call.TrySetResult(reply);
            }
        });
    }

    private void Fail(TaskCompletionSource<RpcReply> call, Status status, string message)
    {
        if (process.IsAlive)
        {
            call.TrySetResult(new RpcReply(status, message, []));
        }
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>One channel of an <see cref="InMemoryRpc"/>.</summary>
public sealed class InMemoryRpcChannel(InMemoryRpc rpc, string endpoint) : IRpcChannel
{
    private bool disposed;

    public string Endpoint => endpoint;

    public async ValueTask<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method,
        TRequest request,
        TimeSpan deadline,
        CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task timeout = TimeoutAsync(deadline, ended.Token);
        Task<byte[]> reply = AnswerAsync(method.Name, request.ToByteArray(), ended.Token);
        Task first = await Task.WhenAny(reply, timeout);
        ended.Cancel();
        if (first == reply)
        {
            return method.ReplyParser.ParseFrom(await reply);
        }

        cancellation.ThrowIfCancellationRequested();
        throw new ChronoLogException(Status.TimedOut, $"{method.Name}: no reply from {endpoint} within {deadline}");
    }

    public ValueTask DisposeAsync()
    {
        disposed = true;
        return ValueTask.CompletedTask;
    }

    // A task of its own: Task.WhenAny over the delay itself would take a detour through the thread
    // pool, off the strand.
    private async Task TimeoutAsync(TimeSpan deadline, CancellationToken ended)
    {
        try
        {
            await rpc.Timers.Delay(deadline, ended);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<byte[]> AnswerAsync(string method, byte[] request, CancellationToken ended)
    {
        InMemoryRpcServer? server = rpc.LoseRequest?.Invoke(endpoint, method) == true ? null : rpc.Find(endpoint);
        byte[]? reply = server is null ? null : await server.CallAsync(method, request, ended);
        if (reply is not null && rpc.LoseReply?.Invoke(endpoint, method) != true)
        {
            return reply;
        }

        var never = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        return await never.Task;
    }
}

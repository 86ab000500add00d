using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Timing;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// A call that a server has accepted. Its deadline belongs to the owner thread; everything else happens on the strand:
/// it is posted there to run, and again to be cancelled, and its reply goes back through the loop's queue.
/// </summary>
internal abstract class ServerCall : WheelNode
{
    private readonly CancellationTokenSource cancellation = new();
    private bool ended;

    public ServerLoop Loop { get; set; } = null!;

    public byte[] RoutingId { get; set; } = [];

    public ulong CorrelationId { get; set; }

    public string Method { get; set; } = "";

    public string Peer { get; set; } = "";

    /// <summary>Runs the handler and hands the reply to the loop. On the strand.</summary>
    public async void Run()
    {
        Reply reply;
        try
        {
            cancellation.Token.ThrowIfCancellationRequested();
            IMessage message = await InvokeAsync(new RpcContext(cancellation.Token, Peer));
            reply = Success(message);
        }
        catch (Exception exception)
        {
            reply = Failure(exception);
        }

        ended = true;
        cancellation.Dispose();
        Loop.Enqueue(reply);
    }

    /// <summary>Whether to ask for it: see <see cref="TryAnswerAtOnce"/>.</summary>
    public virtual bool MayAnswerAtOnce => false;

    /// <summary>
    /// The reply, where there is one without the strand; the call is then over. On the owner thread, in place of running it.
    /// </summary>
    /// <param name="received">When the request was there, monotonic nanoseconds.</param>
    public Reply? TryAnswerAtOnce(long received)
    {
        // Before the answer, which may be the time.
        NetMQFrame header = Header(Status.Ok, "");
        if (AnswerAtOnce(received) is not { } message)
        {
            header.Dispose();
            return null;
        }

        ended = true;
        cancellation.Dispose();
        return new Reply(this, header, Envelope.Write(message));
    }

    /// <summary>Tells the handler that nobody waits for it any more. On the strand.</summary>
    public void Cancel()
    {
        if (!ended)
        {
            cancellation.Cancel();
        }
    }

    /// <summary>A reply without a body.</summary>
    public Reply Refusal(Status status, string message) => new(this, Header(status, message), new NetMQFrame(0));

    protected abstract ValueTask<IMessage> InvokeAsync(RpcContext context);

    protected virtual IMessage? AnswerAtOnce(long received) => null;

    private Reply Success(IMessage message)
    {
        int size = message.CalculateSize();
        return size > Loop.Options.ReplyBytesMax
            ? Refusal(
                Status.LimitExceeded,
                $"the reply to {Method} has {size} bytes, more than {Loop.Options.ReplyBytesMax}: ask for less at once")
            : new Reply(this, Header(Status.Ok, ""), Envelope.Write(message));
    }

    private Reply Failure(Exception exception)
    {
        switch (exception)
        {
            case ChronoLogException known:
                return Refusal(known.Status, known.Message);
            case OperationCanceledException when cancellation.IsCancellationRequested:
                return Refusal(Status.TimedOut, $"{Method} at {Loop.Endpoint} was not done before its deadline");
            case OperationCanceledException:
                return Refusal(Status.Cancelled, $"{Method} at {Loop.Endpoint} was cancelled");
            default:
                Loop.Logger.LogError(exception, "{Method} failed for {Peer}", Method, Peer);
                return Refusal(
                    Status.Internal,
                    $"{Method} at {Loop.Endpoint} failed: {exception.GetType().Name}: {exception.Message}");
        }
    }

    private NetMQFrame Header(Status status, string message) => Envelope.Write(new ReplyHeader
    {
        ProtocolVersion = Methods.ProtocolVersion,
        CorrelationId = CorrelationId,
        Status = status,
        Message = Shorten(message),
    });

    // The peer refuses headers longer than HeaderBytesMax; a character takes at most three bytes of UTF-8.
    private string Shorten(string message)
    {
        int charactersMax = (Loop.Options.HeaderBytesMax / 3) - 32;
        return message.Length <= charactersMax ? message : message[..charactersMax];
    }
}

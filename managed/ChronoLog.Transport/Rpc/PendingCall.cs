using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Timing;
using Google.Protobuf;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// A call that a channel has taken and whose reply has not come. Ends exactly once; the first end counts.
/// </summary>
internal abstract class PendingCall(string method, NetMQFrame body, TimeSpan deadline)
    : WheelNode
{
    public required ChannelLink Link { get; init; }

    public string Method { get; } = method;

    /// <summary>The request, until it is sent.</summary>
    public NetMQFrame Body { get; protected set; } = body;

    /// <summary>Monotonic time at which the caller stops waiting.</summary>
    public long DeadlineNanoseconds { get; set; } = Monotonic.Nanoseconds + (long)deadline.TotalNanoseconds;

    /// <summary>The same, as the caller gave it; for messages.</summary>
    public TimeSpan Deadline { get; } = deadline;

    /// <summary>Monotonic time at which the caller began to wait.</summary>
    public long BegunNanoseconds => DeadlineNanoseconds - (long)Deadline.TotalNanoseconds;

    public ulong CorrelationId { get; set; }

    /// <summary>Handed to libzmq: from then on it is unknown whether the server executes it.</summary>
    public bool Sent { get; set; }

    /// <summary>Ends the call with what the server answered.</summary>
    /// <returns>False when the body is no such message.</returns>
    public abstract bool Complete(ReplyHeader header, NetMQFrame body, int bytesMax, string endpoint);

    public abstract void Fail(Status status, string message);

    /// <summary>Its last frame is about to be sent: with it libzmq sends the message.</summary>
    public virtual void MarkSending()
    {
    }

    /// <summary>Its reply is there.</summary>
    public virtual void MarkReceived()
    {
    }

    /// <summary>Makes it ready to be sent once more. False: it has ended with its reply, as calls mostly do.</summary>
    public virtual bool TryRenew() => false;
}

/// <inheritdoc cref="PendingCall"/>
internal abstract class PendingCall<TReply, TResult>(
    string method, MessageParser<TReply> parser, NetMQFrame body, TimeSpan deadline)
    : PendingCall(method, body, deadline)
    where TReply : class, IMessage<TReply>
{
    // Callers resume on their own context, never on the owner thread, which everybody shares.
    private readonly TaskCompletionSource<TResult> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TResult> Task => completion.Task;

    public override bool Complete(ReplyHeader header, NetMQFrame replyBody, int bytesMax, string endpoint)
    {
        if (header.Status is not (Status.Ok or Status.Partial))
        {
            bool hasReason = header.Message.Length > 0;
            Fail(header.Status, hasReason ? header.Message : $"{endpoint} answered {Method} without a reason");
            return true;
        }

        if (Envelope.TryParse(parser, replyBody, bytesMax, out TReply? reply))
        {
            Take(reply);
            return true;
        }

        Fail(Status.Corrupt, $"{endpoint} answered {Method} with {replyBody.MessageSize} bytes that are no such reply");
        return false;
    }

    public override void Fail(Status status, string message) =>
        completion.TrySetException(new ChronoLogException(status, message));

    public void Cancel(CancellationToken token) => completion.TrySetCanceled(token);

    protected abstract void Take(TReply reply);

    protected void End(TResult result) => completion.TrySetResult(result);
}

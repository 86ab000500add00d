using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Timing;
using Google.Protobuf;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// A call that a channel has taken and whose reply has not come. Ends exactly once; the first end counts.
/// </summary>
internal abstract class PendingCall(string method, NetMQFrame body, long deadlineNanoseconds, TimeSpan deadline)
    : WheelNode
{
    public required ChannelLink Link { get; init; }

    public string Method { get; } = method;

    /// <summary>The request, until it is sent.</summary>
    public NetMQFrame Body { get; } = body;

    /// <summary>Monotonic time at which the caller stops waiting.</summary>
    public long DeadlineNanoseconds { get; } = deadlineNanoseconds;

    /// <summary>The same, as the caller gave it; for messages.</summary>
    public TimeSpan Deadline { get; } = deadline;

    public ulong CorrelationId { get; set; }

    /// <summary>Where the caller wants to know when the request left and the reply came.</summary>
    public CallTimes? Times { get; init; }

    /// <summary>Handed to libzmq: from then on it is unknown whether the server executes it.</summary>
    public bool Sent { get; set; }

    /// <summary>Ends the call with what the server answered.</summary>
    /// <returns>False when the body is no such message.</returns>
    public abstract bool Complete(ReplyHeader header, NetMQFrame body, int bytesMax, string endpoint);

    public abstract void Fail(Status status, string message);
}

/// <inheritdoc cref="PendingCall"/>
internal sealed class PendingCall<TReply>(
    string method, MessageParser<TReply> parser, NetMQFrame body, long deadlineNanoseconds, TimeSpan deadline)
    : PendingCall(method, body, deadlineNanoseconds, deadline)
    where TReply : class, IMessage<TReply>
{
    // Callers resume on their own context, never on the owner thread, which everybody shares.
    private readonly TaskCompletionSource<TReply> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TReply> Task => completion.Task;

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
            completion.TrySetResult(reply);
            return true;
        }

        Fail(Status.Corrupt, $"{endpoint} answered {Method} with {replyBody.MessageSize} bytes that are no such reply");
        return false;
    }

    public override void Fail(Status status, string message) =>
        completion.TrySetException(new ChronoLogException(status, message));

    public void Cancel(CancellationToken token) => completion.TrySetCanceled(token);
}

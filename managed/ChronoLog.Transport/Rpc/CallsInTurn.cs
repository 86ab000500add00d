using ChronoLog.Core.Ports;
using ChronoLog.Transport.Timing;
using Google.Protobuf;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// A call that the owner thread makes again as soon as its reply is there, and times: when the last frame of each request was
/// given to libzmq, and when its reply was taken from there.
/// </summary>
/// <param name="method">Name.</param>
/// <param name="parser">Of replies.</param>
/// <param name="request">The same each time.</param>
/// <param name="clock">The caller's.</param>
/// <param name="count">Calls.</param>
/// <param name="deadline">For each.</param>
internal sealed class CallsInTurn<TReply>(
    string method, MessageParser<TReply> parser, IMessage request, Func<ulong> clock, int count,
    TimeSpan deadline)
    : PendingCall<TReply, IReadOnlyList<TimedReply<TReply>>>(method, parser, Envelope.Write(request), deadline)
    where TReply : class, IMessage<TReply>
{
    private readonly List<TimedReply<TReply>> replies = new(count);
    private ulong sent;
    private ulong received;

    public override void MarkSending() => sent = clock();

    public override void MarkReceived() => received = clock();

    public override bool TryRenew()
    {
        if (Task.IsCompleted)
        {
            return false;
        }

        Body = Envelope.Write(request);
        Sent = false;
        DeadlineNanoseconds = Monotonic.Nanoseconds + (long)Deadline.TotalNanoseconds;
        return true;
    }

    protected override void Take(TReply reply)
    {
        replies.Add(new TimedReply<TReply>(reply, sent, received));
        if (replies.Count == count)
        {
            End(replies);
        }
    }
}

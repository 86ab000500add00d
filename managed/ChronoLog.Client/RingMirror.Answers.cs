using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Client;

/// <content>What the Keeper says.</content>
internal sealed partial class RingMirror
{
    private bool IsAsking => !isOver && !isDisposed && !ending.IsCancellationRequested;

    private async Task WatchAsync()
    {
        try
        {
            while (IsAsking)
            {
                TimeSpan pause = await AskAsync();
                if (pause > TimeSpan.Zero)
                {
                    await timers.Delay(pause, ending);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<TimeSpan> AskAsync()
    {
        try
        {
            MirrorReply reply = await channel.CallAsync(Methods.WatchRing, Question(), AnswerDeadline, ending);
            Take(reply);
            return reply.Fence > 0 ? TimeSpan.Zero : NewsPause; // somebody waits for the answer
        }
        catch (ChronoLogException exception)
        {
            if (exception.Status == Status.NotExist && IsAsking)
            {
                logger.LogWarning("keeper '{Keeper}' does not know ring {Ring} any more", keeper, ring.RingId);
                End();
            }

            return FailurePause;
        }
    }

    // The tail is read after the fence was heard of: what was recorded before lies below it.
    private WatchRingRequest Question()
    {
        bool isClosed = ring.IsClosed; // before the tail: that is final then
        long tail = ring.Tail;
        return new WatchRingRequest
        {
            Ring = identity,
            Consumed = (ulong)ring.Consumed,
            Durable = (ulong)durable,
            Fence = fence,
            Tail = (ulong)tail,
            Final = isClosed && Tail >= tail,
            Closed = isEnding,
            PatienceMilliseconds = (uint)Patience.TotalMilliseconds,
        };
    }

    // Answers may overtake each other: positions only grow, and those of an earlier process say nothing about this one's.
    private void Take(MirrorReply reply)
    {
        if (isOver || isDisposed || reply.Epoch < epoch)
        {
            return;
        }

        if (!IsPlausible(reply))
        {
            Break($"it says {reply.Tail} received, {reply.Consumed} consumed, {reply.Durable} durable, of {sentMax} sent");
            return;
        }

        if (reply.Epoch > epoch && epoch > 0)
        {
            attempt.Cancel(); // what was under way went down with the earlier process
        }

        epoch = reply.Epoch;
        Tail = Math.Max(Tail, (long)reply.Tail);
        if ((long)reply.Consumed > ring.Consumed)
        {
            ring.ConsumeThrough((long)reply.Consumed);
        }

        if ((long)reply.Durable > durable)
        {
            durable = (long)reply.Durable;
            ring.PublishDurable(durable);
        }

        ring.Beat();
        Heed(reply);
    }

    private bool IsPlausible(MirrorReply reply) =>
        reply.Tail <= (ulong)sentMax && reply.Consumed <= reply.Tail && reply.Durable <= reply.Consumed
        && ((reply.Tail | reply.Consumed | reply.Durable) & (RecordFrame.Alignment - 1)) == 0;

    private void Heed(MirrorReply reply)
    {
        if ((reply.Closing || reply.Closed) && !isEnding)
        {
            isEnding = true;
            ring.CloseToProducers(); // they go on in another ring
        }

        takesNothing |= reply.Closed;
        if (reply.Gone)
        {
            End();
        }

        if (reply.Fence > fence)
        {
            fence = reply.Fence;
            Pump();
        }
    }

    private void Break(string why)
    {
        logger.LogError(
            "ring {Ring} at keeper '{Keeper}' is given up: {Reason}; what it has not taken goes to another one",
            ring.RingId, keeper, why);
        End();
    }

    private void End()
    {
        isOver = true;
        isEnding = true;
        ring.CloseToProducers();
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Following;

/// <summary>
/// A story that somebody follows: its feed, what is known of its completeness, and the questions that are parked. On the
/// role's strand, but for the feed.
/// </summary>
public sealed class FollowedStory
{
    private readonly FollowServiceOptions options;
    private readonly Func<(int Answer, int Batch)> limits;
    private readonly ITimers timers;
    private readonly LinkedList<Parked> parked = [];
    private long lastRound;
    private bool isRoundDue;
    private ChronoLogException? ending;
    private ulong readThroughPosition;
    private ulong watermarkPosition;
    private (ulong Position, ulong Limit, FollowReply Reply)? lastAnswer;

    /// <param name="story">Which.</param>
    /// <param name="feed">Its batches.</param>
    /// <param name="options">Limits.</param>
    /// <param name="limits">Most bytes of an answer now, and of a batch that is larger than that.</param>
    /// <param name="timers">For waits.</param>
    internal FollowedStory(
        StoryDescriptor story, EventFeed feed, FollowServiceOptions options, Func<(int Answer, int Batch)> limits,
        ITimers timers)
    {
        this.limits = limits;
        Story = story;
        Feed = feed;
        this.options = options;
        this.timers = timers;
        lastRound = timers.MonotonicNanoseconds - (long)options.PauseMax.TotalNanoseconds;
        LastAsked = timers.MonotonicNanoseconds;
    }

    public StoryDescriptor Story { get; }

    public EventFeed Feed { get; }

    /// <summary>Every event below this tick that was recorded in time is in the feed, or was recorded before it began.</summary>
    public ulong ReadThrough { get; private set; }

    /// <summary>Below it the story is complete; 0 = not known.</summary>
    public ulong Watermark { get; private set; }

    /// <summary>Who does not answer now.</summary>
    public IReadOnlyList<Gap> Gaps { get; private set; } = [];

    /// <summary>The greatest tick that a parked question waits for, 0 = none: see <see cref="State"/>.</summary>
    public ulong Wanted { get; private set; }

    /// <summary>Called when <see cref="Wanted"/> has grown beyond <see cref="ReadThrough"/>.</summary>
    public Action? WantedGrew { get; set; }

    /// <summary>The server's own part, made when the story is first followed.</summary>
    public object? Tag { get; set; }

    /// <summary>Questions that wait now.</summary>
    public int Waiting => parked.Count;

    internal long LastAsked { get; private set; }

    /// <summary>States how far the feed is complete. Neither number goes back.</summary>
    /// <param name="readThrough">See <see cref="ReadThrough"/>; what it speaks of is in the feed already.</param>
    /// <param name="watermark">See <see cref="Watermark"/>.</param>
    /// <param name="gaps">See <see cref="Gaps"/>; null = as before.</param>
    public void State(ulong readThrough, ulong watermark, IReadOnlyList<Gap>? gaps = null)
    {
        if (readThrough > ReadThrough)
        {
            ReadThrough = readThrough;
            readThroughPosition = Feed.Next;
        }

        if (watermark > Watermark)
        {
            Watermark = watermark;
            watermarkPosition = Feed.Next;
        }

        Gaps = gaps ?? Gaps;
        lastAnswer = null;
        Pulse();
    }

    /// <summary>The story was destroyed, or the server stops: whoever waits is told, and whoever asks.</summary>
    public void End(ChronoLogException reason)
    {
        ending = reason;
        while (parked.First is { } first)
        {
            Unpark(first);
            first.Value.Answer.TrySetException(reason);
        }
    }

    /// <summary>Answers what can be answered now, or a little later when there are many followers.</summary>
    public void Pulse()
    {
        if (isRoundDue || parked.Count == 0)
        {
            return;
        }

        TimeSpan pause = options.PausePerFollower * parked.Count;
        pause = pause < options.PauseMax ? pause : options.PauseMax;
        long wait = lastRound + (long)pause.TotalNanoseconds - timers.MonotonicNanoseconds;
        if (wait <= 0 || parked.Count == 1)
        {
            Round();
            return;
        }

        isRoundDue = true;
        _ = RoundLaterAsync(TimeSpan.FromMicroseconds(wait / 1000.0));
    }

    /// <summary>Answers the questions whose time is up.</summary>
    internal void Expire(long now)
    {
        for (LinkedListNode<Parked>? node = parked.First; node is not null;)
        {
            LinkedListNode<Parked> current = node;
            node = node.Next;
            if (current.Value.End <= now)
            {
                Unpark(current);
                current.Value.Answer.TrySetResult(Answer(current.Value.Request, limits()));
            }
        }
    }

    internal async ValueTask<FollowReply> NextAsync(FollowRequest request, CancellationToken deadline)
    {
        LastAsked = timers.MonotonicNanoseconds;
        if (ending is not null)
        {
            throw ending;
        }

        Feed.Rearm();
        FollowReply reply = Answer(request, limits());
        if (IsWorthwhile(request, reply) || request.WaitMilliseconds == 0)
        {
            return reply;
        }

        double wait = Math.Min(request.WaitMilliseconds, options.WaitMax.TotalMilliseconds);
        var waiting = new Parked(request, timers.MonotonicNanoseconds + (long)(wait * 1e6));
        LinkedListNode<Parked> node = parked.AddLast(waiting);
        using CancellationTokenRegistration registration = deadline.UnsafeRegister(_ => Abandon(node), null);
        Want();
        reply = await waiting.Answer.Task;
        LastAsked = timers.MonotonicNanoseconds;
        return reply;
    }

    /// <summary>A follower that goes does not wait for its answer: its place is free at once.</summary>
    internal void Leave(FollowRequest leaver)
    {
        for (LinkedListNode<Parked>? node = parked.First; node is not null; node = node.Next)
        {
            FollowRequest request = node.Value.Request;
            if (request.Follower == leaver.Follower && request.ClientId == leaver.ClientId && leaver.Follower != 0)
            {
                Abandon(node);
                return;
            }
        }
    }

    private void Abandon(LinkedListNode<Parked> node)
    {
        if (node.List is not null)
        {
            Unpark(node);
            node.Value.Answer.TrySetException(
                new ChronoLogException(Status.Cancelled, $"{options.Server}: nobody waits for the answer any more"));
        }
    }

    private async Task RoundLaterAsync(TimeSpan wait)
    {
        await timers.Delay(wait);
        isRoundDue = false;
        Round();
    }

    private void Round()
    {
        lastRound = timers.MonotonicNanoseconds;
        Feed.Rearm(); // before reading: what comes from here on calls again
        (int Answer, int Batch) most = limits(); // of all that wait now: they are answered together
        for (LinkedListNode<Parked>? node = parked.First; node is not null;)
        {
            LinkedListNode<Parked> current = node;
            node = node.Next;
            FollowReply reply = Answer(current.Value.Request, most);
            if (IsWorthwhile(current.Value.Request, reply))
            {
                Unpark(current);
                current.Value.Answer.TrySetResult(reply);
            }
        }
    }

    private void Unpark(LinkedListNode<Parked> node)
    {
        parked.Remove(node);
        Want();
    }

    private void Want()
    {
        ulong wanted = 0;
        foreach (Parked waiting in parked)
        {
            wanted = Math.Max(wanted, waiting.Request.Through);
        }

        bool grew = wanted > Wanted;
        Wanted = wanted;
        if (grew && wanted > ReadThrough)
        {
            WantedGrew?.Invoke();
        }
    }

    private static bool IsWorthwhile(FollowRequest request, FollowReply reply) =>
        reply.Restarted || reply.Batches.Count > 0 || (request.Through > 0 && reply.ReadThrough >= request.Through)
        || (reply.Gaps.Count > 0) != request.KnowsGaps;

    private FollowReply Answer(FollowRequest request, (int Answer, int Batch) most)
    {
        (int limit, int single) = most;
        limit = request.BytesMax == 0 ? limit : (int)Math.Min(request.BytesMax, (uint)limit);
        bool isKnown = request.Feed == Feed.Id && request.Position <= Feed.Next;
        if (request.OnlyThrough)
        {
            return AnswerThrough(request, isKnown);
        }

        if (isKnown && lastAnswer is { } last && last.Position == request.Position && last.Limit == (ulong)limit
            && last.Reply.Next == Feed.Next)
        {
            return last.Reply; // followers mostly stand at the same place
        }

        var reply = new FollowReply { Feed = Feed.Id, Position = request.Position };
        reply.Gaps.Add(Gaps);
        if (!isKnown)
        {
            reply.Restarted = true;
            reply.Next = Feed.Next;
        }
        else if (!Feed.TryRead(request.Position, limit, single, reply.Batches, out ulong next, out ulong oldest))
        {
            (reply.Restarted, reply.Next, reply.Oldest) = (true, next, oldest);
        }
        else
        {
            reply.Next = next;
        }

        reply.ReadThrough = reply.Next >= readThroughPosition ? ReadThrough : 0;
        reply.Watermark = reply.Next >= watermarkPosition ? Watermark : 0;
        if (isKnown && !reply.Restarted)
        {
            lastAnswer = (request.Position, (ulong)limit, reply);
        }

        return reply;
    }

    private FollowReply AnswerThrough(FollowRequest request, bool isKnown) => new()
    {
        Feed = Feed.Id,
        Position = request.Position,
        Next = readThroughPosition,
        Restarted = !isKnown,
        ReadThrough = ReadThrough,
        Watermark = watermarkPosition <= readThroughPosition ? Watermark : 0,
        Gaps = { Gaps },
    };

    private sealed record Parked(FollowRequest Request, long End)
    {
        public TaskCompletionSource<FollowReply> Answer { get; } = new();
    }
}

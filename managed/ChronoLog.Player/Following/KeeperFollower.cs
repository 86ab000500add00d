using ChronoLog.Core.Chunk;
using ChronoLog.Core.Following;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Player.Following;

/// <summary>
/// Follows one story at one Keeper, for all followers of this Player: asks for what lies behind its position, for ever, and
/// appends it to the story's feed. On the role's strand.
/// </summary>
internal sealed class KeeperFollower
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BackoffMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BackoffMax = TimeSpan.FromSeconds(1);

    private readonly FollowedStory story;
    private readonly IRpcChannel channel;
    private readonly ITimers timers;
    private readonly TimeSpan deadline;
    private readonly Action changed;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource joined = new();
    private ulong feed;
    private ulong position;
    private bool isSettling;
    private FollowReply? stated;
    private CancellationTokenSource? question;

    /// <param name="story">Whose feed gets the events.</param>
    /// <param name="keeper">Whom to ask.</param>
    /// <param name="channel">To its admin port.</param>
    /// <param name="timers">For pauses after failures.</param>
    /// <param name="deadline">Of an answer, beyond the time that the Keeper is asked to wait.</param>
    /// <param name="changed">Called after every answer and every failure.</param>
    public KeeperFollower(
        FollowedStory story, ProcessIdentity keeper, IRpcChannel channel, ITimers timers, TimeSpan deadline,
        Action changed)
    {
        this.story = story;
        this.channel = channel;
        this.timers = timers;
        this.deadline = deadline;
        this.changed = changed;
        Keeper = keeper;
    }

    public ProcessIdentity Keeper { get; }

    /// <summary>See <see cref="FollowReply.ReadThrough"/>.</summary>
    public ulong ReadThrough { get; private set; }

    public ulong Watermark { get; private set; }

    /// <summary>Why it cannot be followed now; null = it is.</summary>
    public string? Failure { get; private set; }

    /// <summary>Completes with the first answer or failure.</summary>
    public Task Joined => joined.Task;

    public void Start() => _ = FollowAsync();

    public void Stop()
    {
        stop.Cancel();
        joined.TrySetResult();
    }

    /// <summary>Asks the Keeper to read through what the followers wait for.</summary>
    public void Settle()
    {
        if (!isSettling && story.Wanted > ReadThrough)
        {
            isSettling = true;
            _ = SettleAsync();
        }
    }

    private async Task FollowAsync()
    {
        TimeSpan backoff = BackoffMin;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await AskForEventsAsync() is { } reply)
                {
                    Take(reply);
                }

                backoff = BackoffMin;
            }
            catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
            {
                if (!await FailAsync(exception, backoff))
                {
                    return;
                }

                backoff = backoff * 2 < BackoffMax ? backoff * 2 : BackoffMax;
            }
        }
    }

    // Null: it is to be asked again at once, see SettleAsync.
    private async ValueTask<FollowReply?> AskForEventsAsync()
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        question = asking;
        try
        {
            return await AskAsync(through: 0, asking.Token);
        }
        catch (OperationCanceledException) when (asking.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            question = null;
        }
    }

    // A question beside the one that is parked, for nothing but the read-through. One at a time, and the Keeper answers when
    // it has read so far: how often that is says the Keeper, not the events.
    private async Task SettleAsync()
    {
        try
        {
            while (story.Wanted > ReadThrough && Failure is null && feed != 0)
            {
                FollowReply reply = await AskAsync(story.Wanted, stop.Token);
                if (reply.Restarted)
                {
                    if (reply.Feed != feed)
                    {
                        question?.Cancel(); // it lies with a process that is gone
                    }

                    return;
                }

                stated = reply;
                if (!TakeStated())
                {
                    return; // with the batches that it speaks of
                }
            }
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            // The other question meets the same, and says so.
        }
        finally
        {
            isSettling = false;
        }
    }

    private ValueTask<FollowReply> AskAsync(ulong through, CancellationToken cancellation)
    {
        var request = new FollowRequest
        {
            Story = story.Story,
            Feed = feed,
            Position = position,
            Through = through,
            OnlyThrough = through > 0,
            WaitMilliseconds = feed == 0 ? 0 : (uint)Wait.TotalMilliseconds,
        };
        return channel.CallAsync(Methods.Follow, request, Wait + deadline, cancellation);
    }

    private void Take(FollowReply reply)
    {
        if (stop.IsCancellationRequested)
        {
            return;
        }

        if (reply.Restarted)
        {
            Restart(reply);
        }
        else if (reply.Feed == feed && reply.Position == position)
        {
            AppendAll(reply.Batches);
            position = reply.Next;
        }

        Failure = null;
        joined.TrySetResult();
        State(reply);
        TakeStated();
        Settle();
    }

    // The last statement that came by itself, once what it speaks of is here. False: it is not yet.
    private bool TakeStated()
    {
        if (stated is null)
        {
            return true;
        }

        if (stated.Feed == feed && stated.Next > position)
        {
            return false;
        }

        FollowReply reply = stated;
        stated = null;
        State(reply);
        return true;
    }

    private void State(FollowReply reply)
    {
        if (stop.IsCancellationRequested)
        {
            return;
        }

        bool isTaken = reply.Feed == feed && reply.Next <= position;
        ReadThrough = isTaken ? Math.Max(ReadThrough, reply.ReadThrough) : ReadThrough;
        Watermark = isTaken ? Math.Max(Watermark, reply.Watermark) : Watermark;
        changed();
    }

    // Another feed: what was recorded since the last answer of the old one is not known here, nor what the Keeper took up
    // from its journal. The same one: more came than it keeps.
    private void Restart(FollowReply reply)
    {
        bool isLoss = feed == reply.Feed && reply.Next > position;
        if (feed != reply.Feed || isLoss)
        {
            story.Feed.Skip(isLoss ? reply.Oldest : 0);
        }

        (feed, position) = (reply.Feed, Math.Max(reply.Next, feed == reply.Feed ? position : 0));
    }

    private void AppendAll(IEnumerable<ByteString> batches)
    {
        foreach (ByteString batch in batches)
        {
            try
            {
                ColumnImageView view = ColumnImage.Parse(batch.Span);
                if (view.Header.StoryId == story.Story.StoryId && view.Header.Count > 0)
                {
                    story.Feed.Append(batch, view.Header.FirstTime);
                    continue;
                }
            }
            catch (ChronoLogException)
            {
            }

            story.Feed.Skip(0); // not what it should be: everybody reads the events by a replay
        }
    }

    private async Task<bool> FailAsync(Exception exception, TimeSpan backoff)
    {
        if (stop.IsCancellationRequested)
        {
            return false;
        }

        Failure = $"{Keeper.Name} at {Keeper.AdminEndpoint} cannot be followed: {exception.Message}";
        joined.TrySetResult();
        changed();
        try
        {
            await timers.Delay(backoff, stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

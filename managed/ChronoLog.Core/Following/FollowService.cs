using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Following;

/// <summary>
/// Serves follow.next: a table of followed stories, each made when somebody first asks for it and forgotten when nobody
/// has asked for a while. On the role's strand.
/// </summary>
public sealed class FollowService
{
    /// <summary>A few hundred small events: less would send every follower into replays.</summary>
    private const long ShareMin = 64 << 10;

    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMilliseconds(100);

    private readonly FollowServiceOptions options;
    private readonly ITimers timers;
    private readonly Strand strand;
    private readonly bool pausesWhenFull;
    private readonly Dictionary<ulong, FollowedStory> stories = [];
    private readonly CancellationTokenSource stop = new();
    private ulong lastFeed;
    private int waiting;
    private bool isSweeping;

    /// <param name="options">Limits.</param>
    /// <param name="timers">For waits and leases.</param>
    /// <param name="strand">Where the role lives: appends on other threads are heard there.</param>
    /// <param name="firstFeed">Numbers of feeds begin here: greater than any of an earlier process of this name.</param>
    /// <param name="pausesWhenFull">See <see cref="EventFeed"/>.</param>
    public FollowService(
        FollowServiceOptions options, ITimers timers, Strand strand, ulong firstFeed, bool pausesWhenFull)
    {
        this.options = options;
        this.timers = timers;
        this.strand = strand;
        this.pausesWhenFull = pausesWhenFull;
        lastFeed = firstFeed;
    }

    /// <summary>Called with a story that is followed from now on.</summary>
    public required Action<FollowedStory> Began { get; init; }

    /// <summary>Called with a story that nobody follows any more.</summary>
    public required Action<FollowedStory> Ended { get; init; }

    /// <summary>Called with every question before it is answered; may wait.</summary>
    public Func<FollowedStory, FollowRequest, ValueTask>? Asked { get; init; }

    public IReadOnlyCollection<FollowedStory> Stories => stories.Values;

    /// <summary>Questions that wait now.</summary>
    public int Waiting => waiting;

    public FollowedStory? Find(ulong storyId) => stories.GetValueOrDefault(storyId);

    /// <summary>Registers the method; before the server's Start.</summary>
    public void Register(IRpcServer server) => server.Handle(Methods.Follow, NextAsync);

    /// <summary>Ends a story for all its followers.</summary>
    public void End(ulong storyId, ChronoLogException reason)
    {
        if (stories.Remove(storyId, out FollowedStory? story))
        {
            story.End(reason);
            Ended(story);
        }
    }

    public void Stop()
    {
        stop.Cancel();
        foreach (ulong storyId in stories.Keys.ToArray())
        {
            End(storyId, new ChronoLogException(Status.NoConnection, $"{options.Server} is stopping"));
        }
    }

    private async ValueTask<FollowReply> NextAsync(FollowRequest request, RpcContext call)
    {
        if (request.Leaves)
        {
            Find(request.Story?.StoryId ?? 0)?.Leave(request);
            return new FollowReply();
        }

        FollowedStory story = StoryOf(request);
        waiting++;
        try
        {
            if (Asked is { } asked)
            {
                await asked(story, request);
            }

            Sweep();
            return await story.NextAsync(request, call.Deadline);
        }
        finally
        {
            waiting--;
        }
    }

    private FollowedStory StoryOf(FollowRequest request)
    {
        if (request.Story is not { StoryId: > 0 } descriptor)
        {
            throw new ChronoLogException(Status.InvalidArgument, $"{options.Server} was asked to follow without a story");
        }

        if (stop.IsCancellationRequested)
        {
            throw new ChronoLogException(Status.NoConnection, $"{options.Server} is stopping");
        }

        if (waiting >= options.FollowersMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"{options.Server} has {waiting} followers, the most it allows (followers-max)");
        }

        if (stories.TryGetValue(descriptor.StoryId, out FollowedStory? known))
        {
            return known;
        }

        if (stories.Count >= options.StoriesMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded, $"{stories.Count} stories are followed at {options.Server}, the most it allows");
        }

        return Begin(descriptor);
    }

    private FollowedStory Begin(StoryDescriptor descriptor)
    {
        var feed = new EventFeed(++lastFeed, descriptor.StoryId, Share(), pausesWhenFull)
        {
            Appended = () => strand.Post(state => ((FollowService)state!).Find(descriptor.StoryId)?.Pulse(), this),
        };
        var story = new FollowedStory(descriptor, feed, options, Limits, timers);
        stories.Add(descriptor.StoryId, story);
        Began(story);
        return story;
    }

    // Answers are on their way for as long as their readers like: all of them together have as much memory as the feeds.
    private (int Answer, int Batch) Limits()
    {
        long each = options.BytesMax / Math.Max(1, waiting);
        int batch = (int)Math.Clamp(each, Math.Min(ShareMin, options.ReplyBytesMax), EventFeed.ImageBytesMax);
        return (Math.Min(options.ReplyBytesMax, batch), batch);
    }

    // The first ones get what they may want, later ones an eighth of what is left: the sum stays within the budget.
    private long Share()
    {
        long left = options.BytesMax - stories.Values.Sum(story => story.Feed.BytesMax);
        long least = Math.Min(ShareMin, options.StoryBytesMax);
        return left >= least
            ? Math.Clamp(left / 8, least, options.StoryBytesMax)
            : throw new ChronoLogException(
                Status.LimitExceeded, $"{options.Server} follows {stories.Count} stories, and has no memory for one more");
    }

    // Runs only while stories are followed, so that an idle process has no timer.
    private async void Sweep()
    {
        if (isSweeping)
        {
            return;
        }

        isSweeping = true;
        try
        {
            while (stories.Count > 0)
            {
                await timers.Delay(SweepPeriod, stop.Token);
                long now = timers.MonotonicNanoseconds;
                foreach (FollowedStory story in stories.Values.ToArray())
                {
                    story.Expire(now);
                    if (story.Waiting == 0 && now - story.LastAsked > (long)options.Lease.TotalNanoseconds)
                    {
                        stories.Remove(story.Story.StoryId);
                        Ended(story);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            isSweeping = false;
        }
    }
}

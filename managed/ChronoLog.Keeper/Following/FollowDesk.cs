using ChronoLog.Core.Agents;
using ChronoLog.Core.Following;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Time;
using ChronoLog.Keeper.Retirement;
using ChronoLog.Keeper.Stories;

namespace ChronoLog.Keeper.Following;

/// <summary>
/// What this Keeper reads from its rings, for the Players that follow a story: the ingestion threads put a copy of each
/// batch's events into the story's feed, and nothing else is done for it unless somebody asks how far the rings were read.
/// On the role's strand.
/// </summary>
public sealed class FollowDesk
{
    // Followers that wait for read-through accept this much on top; a fence is a few wake-ups of threads.
    private static readonly TimeSpan FencePause = TimeSpan.FromMilliseconds(2);

    private readonly KeeperOptions options;
    private readonly StoryTable stories;
    private readonly RetirementDuty retirement;
    private readonly IBaseClock clock;
    private readonly ITimers timers;
    private readonly Func<ValueTask<bool>> fence;
    private readonly FollowService service;
    private readonly CancellationTokenSource stop = new();
    private bool isSettling;

    public FollowDesk(
        KeeperOptions options, StoryTable stories, RetirementDuty retirement, IBaseClock clock, ITimers timers,
        Strand strand, ulong firstFeed, Func<ValueTask<bool>> fence)
    {
        this.options = options;
        this.stories = stories;
        this.retirement = retirement;
        this.clock = clock;
        this.timers = timers;
        this.fence = fence;
        service = new FollowService(
            options.Following with { Server = options.Name }, timers, strand, firstFeed, pausesWhenFull: true)
        {
            Began = Begin,
            Ended = story => stories.SetFeed(story.Story.StoryId, null),
            Asked = (story, _) =>
            {
                StateWatermark(story);
                return default;
            },
        };
    }

    /// <summary>Stories that Players follow here now.</summary>
    public int StoriesFollowed => service.Stories.Count;

    /// <summary>Questions that wait now: at most two per story and Player, however many follow it there.</summary>
    public int Questions => service.Waiting;

    public void Register(IRpcServer server) => service.Register(server);

    public void Stop()
    {
        stop.Cancel();
        service.Stop();
    }

    private void Begin(FollowedStory story)
    {
        story.WantedGrew = BeginSettling;
        stories.SetFeed(story.Story.StoryId, story.Feed);
    }

    // Of a story that is not here nothing is left, up to where the rings were read when chunks were last retired.
    private void StateWatermark(FollowedStory story) => story.State(
        0, stories.Find(story.Story.StoryId) is { } here ? here.DrainedThrough : retirement.SettledThrough);

    private void BeginSettling()
    {
        if (!isSettling)
        {
            isSettling = true;
            _ = SettleAsync();
        }
    }

    private async Task SettleAsync()
    {
        try
        {
            while (Missing() is { } wait)
            {
                await timers.Delay(wait > FencePause ? wait : FencePause, stop.Token);
                ulong now = clock.Now; // before the fence: what is reserved later may have any later tick
                if (await fence())
                {
                    State(ChronoTick.SubtractSaturating(now, Settle));
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            isSettling = false;
        }
    }

    private ulong Settle => (ulong)options.FollowSettle.TotalNanoseconds + clock.UncertaintyNanoseconds;

    // How long until the first tick that somebody waits for can have been read; null = nobody waits.
    private TimeSpan? Missing()
    {
        ulong first = ulong.MaxValue;
        foreach (FollowedStory story in service.Stories)
        {
            if (story.Wanted > story.ReadThrough)
            {
                first = Math.Min(first, story.Wanted);
            }
        }

        if (first == ulong.MaxValue)
        {
            return null;
        }

        ulong due = ChronoTick.AddSaturating(first, Settle);
        ulong wait = due - Math.Min(due, clock.Now);
        return TimeSpan.FromMilliseconds(Math.Min(wait / 1e6, 100)); // an absurd wish holds up nobody else's
    }

    private void State(ulong through)
    {
        foreach (FollowedStory story in service.Stories.ToArray())
        {
            story.State(through, 0);
        }
    }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Following;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Player.Planning;

namespace ChronoLog.Player.Following;

/// <summary>
/// Followers of stories, however many: each story is followed once at each Keeper of its groups, and fanned out from here.
/// On the role's strand.
/// </summary>
internal sealed class FollowDesk
{
    private readonly PlayerOptions options;
    private readonly TierChannels channels;
    private readonly ITimers timers;
    private readonly Func<GroupView?> group;
    private readonly FollowService service;

    public FollowDesk(
        PlayerOptions options, TierChannels channels, ITimers timers, Strand strand, ulong firstFeed,
        Func<GroupView?> group)
    {
        this.options = options;
        this.channels = channels;
        this.timers = timers;
        this.group = group;
        service = new FollowService(
            options.Following with { Server = options.Name }, timers, strand, firstFeed, pausesWhenFull: false)
        {
            Began = Begin,
            Ended = story => Of(story).Stop(),
            Asked = AskedAsync,
        };
    }

    public int StoriesFollowed => service.Stories.Count;

    public int Followers => service.Waiting;

    public void Register(IRpcServer server) => service.Register(server);

    /// <summary>
    /// The views by which stories are followed at the Keepers of other groups than this Player's: somebody may record into
    /// those who come back there, though another group records the story by now.
    /// </summary>
    public IEnumerable<GroupEpoch> OtherGroups => service.Stories.SelectMany(static story => Of(story).Views)
        .Where(view => view.Group != group()?.Group)
        .GroupBy(static view => view.Group)
        .Select(static views => new GroupEpoch { Group = views.Key, Epoch = views.Min(static view => view.Epoch) });

    /// <summary>The Visor's view of a group has changed: this Player's, or one of <see cref="OtherGroups"/>.</summary>
    public void Observe(GroupView view)
    {
        foreach (FollowedStory story in service.Stories.ToArray())
        {
            if (story.Story.Group != view.Group && !Of(story).Views.Any(known => known.Group == view.Group))
            {
                continue;
            }

            try
            {
                Of(story).Observe(view);
            }
            catch (ChronoLogException exception)
            {
                service.End(story.Story.StoryId, exception); // its followers are told, now and when they ask again
            }
        }
    }

    /// <summary>Another group records the story from now on: whoever follows it here gets its events all the same.</summary>
    public void Moved(StoryDescriptor story, GroupView view)
    {
        if (service.Find(story.StoryId) is { } followed)
        {
            Of(followed).Observe(view);
        }
    }

    public void Destroyed(StoryDescriptor story) => service.End(
        story.StoryId,
        new ChronoLogException(Status.NotExist, $"story '{story.Chronicle}/{story.Story}' was destroyed"));

    public void Stop() => service.Stop();

    private static StoryFollowing Of(FollowedStory story) => (StoryFollowing)story.Tag!;

    private void Begin(FollowedStory story)
    {
        var following = new StoryFollowing(story, channels, timers, options);
        story.Tag = following;
        story.WantedGrew = following.Settle;
    }

    // Who follows may know of groups and Keepers that this Player has not heard of. A follower that joins does so when all
    // of them were asked: else it would be told at once to begin anew.
    private async ValueTask AskedAsync(FollowedStory story, FollowRequest request)
    {
        StoryFollowing following = Of(story);
        if (group() is { } own && own.Group == story.Story.Group)
        {
            following.Observe(own);
        }

        following.Observe(request.View);
        foreach (GroupView view in request.EarlierViews)
        {
            following.Observe(view);
        }

        if (request.Feed == 0)
        {
            await following.JoinedAsync();
        }
    }
}

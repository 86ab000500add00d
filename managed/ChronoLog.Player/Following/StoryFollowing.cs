using ChronoLog.Core.Following;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Player.Planning;

namespace ChronoLog.Player.Following;

/// <summary>
/// One followed story: a <see cref="KeeperFollower"/> for each Keeper of its groups, and what they state together. On the
/// role's strand.
/// </summary>
internal sealed class StoryFollowing(FollowedStory story, TierChannels channels, ITimers timers, PlayerOptions options)
{
    private readonly Dictionary<uint, GroupView> views = [];
    private readonly Dictionary<string, KeeperFollower> followers = [];

    // Dead ones of which events may have been handed over that never came here.
    private HashSet<string> deadEndpoints = [];

    /// <summary>The newest views of the groups whose Keepers are followed.</summary>
    public IReadOnlyCollection<GroupView> Views => views.Values;

    /// <summary>Completes when every Keeper has answered or failed once.</summary>
    public Task JoinedAsync() => Task.WhenAll(followers.Values.Select(follower => follower.Joined));

    /// <summary>Follows the Keepers of a view, unless a newer one of the group is known.</summary>
    public void Observe(GroupView? view)
    {
        if (view is null || (views.TryGetValue(view.Group, out GroupView? known) && known.Epoch >= view.Epoch))
        {
            return;
        }

        int members = views.Values.Where(other => other.Group != view.Group).Append(view)
            .Sum(each => each.Keepers.Count + each.DeadKeepers.Count);
        int groups = views.Keys.Append(view.Group).Distinct().Count();
        if (members > EarlierGroups.MembersMax || groups > EarlierGroups.GroupsMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"'{story.Story.Chronicle}/{story.Story.Story}' has {groups} groups with {members} Keepers; at most "
                + $"{EarlierGroups.GroupsMax} with {EarlierGroups.MembersMax} are followed");
        }

        views[view.Group] = view;
        Adapt();
        Combine();
    }

    public void Stop()
    {
        foreach (KeeperFollower follower in followers.Values)
        {
            follower.Stop();
        }

        followers.Clear();
    }

    /// <summary>A follower waits for more read-through than there is.</summary>
    public void Settle()
    {
        foreach (KeeperFollower follower in followers.Values.ToArray())
        {
            follower.Settle();
        }
    }

    private void Adapt()
    {
        Dictionary<string, ProcessIdentity> members = [];
        foreach (ProcessIdentity keeper in views.Values.SelectMany(view => view.Keepers))
        {
            members[keeper.AdminEndpoint] = keeper;
        }

        foreach (string gone in followers.Keys.Where(endpoint => !members.ContainsKey(endpoint)).ToArray())
        {
            followers.Remove(gone, out KeeperFollower? follower);
            follower!.Stop();
            deadEndpoints.Add(gone);
        }

        SkipLastOfGone(members);

        foreach ((string endpoint, ProcessIdentity keeper) in members)
        {
            if (!followers.ContainsKey(endpoint))
            {
                var follower = new KeeperFollower(
                    story, keeper, channels.Get(endpoint), timers, options.TierDeadline, Combine);
                followers.Add(endpoint, follower);
                follower.Start();
            }
        }
    }

    // The last events of a Keeper that was stopped, or given up, may have moved on to the Grapher unseen. One that comes back
    // has another feed, which says the same.
    private void SkipLastOfGone(Dictionary<string, ProcessIdentity> members)
    {
        HashSet<string> still = [.. views.Values.SelectMany(view => view.DeadKeepers).Select(keeper => keeper.AdminEndpoint)];
        if (deadEndpoints.Any(endpoint => !still.Contains(endpoint) && !members.ContainsKey(endpoint)))
        {
            story.Feed.Skip(0);
        }

        deadEndpoints = still;
    }

    // Nothing is final while somebody is missing that may hold events: a Keeper that is away, or dead and not given up.
    private void Combine()
    {
        var gaps = new List<Gap>();
        foreach (ProcessIdentity dead in views.Values.SelectMany(view => view.DeadKeepers))
        {
            gaps.Add(Missing(
                $"{dead.Name} at {dead.AdminEndpoint} is dead: its journal may hold events that were not handed over; "
                + "restart it"));
        }

        foreach (KeeperFollower follower in followers.Values)
        {
            if (follower.Failure is { } failure)
            {
                gaps.Add(Missing(failure));
            }
        }

        bool isComplete = gaps.Count == 0 && followers.Count > 0 && views.Count > 0;
        story.State(
            isComplete ? followers.Values.Min(follower => follower.ReadThrough) : 0,
            isComplete ? followers.Values.Min(follower => follower.Watermark) : 0,
            gaps);
    }

    private Gap Missing(string reason) => new()
    {
        StartTime = Math.Max(story.ReadThrough, story.Watermark), EndTime = ulong.MaxValue, Reason = reason,
    };
}

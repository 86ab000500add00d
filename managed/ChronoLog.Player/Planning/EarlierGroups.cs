using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Player.Planning;

/// <summary>
/// Reads what groups hold that recorded the story earlier. Their Players know all their tiers, and are asked for their
/// own group only, so that two groups never ask each other in circles. Where a Player is away, its Keepers and Grapher
/// are asked in its place; what they archived is then a gap, unless it lies in this Player's own archive.
/// </summary>
internal sealed class EarlierGroups(TierReader tiers, Func<uint> ownGroup, string ownArchive)
{
    // A story moves when all Keepers of its group are dead: this is more often than any deployment sees.
    public const int GroupsMax = 64;

    /// <summary>Keepers that a request's views may name, living and dead.</summary>
    public const int MembersMax = 4096;

    /// <returns>Watermarks of those who stated one, and what may be missing.</returns>
    /// <exception cref="ChronoLogException">LimitExceeded: more groups or members than there can be.</exception>
    public async ValueTask<(IReadOnlyList<ulong> Watermarks, List<Gap> Gaps)> OpenAsync(
        OpenReadRequest request, List<IReadSource> sources, CancellationToken cancellation)
    {
        List<GroupView> views = request.OwnGroupOnly ? [] : Views(request);
        List<GroupView> served = [.. views.Where(view => view.Player is not null && !IsOwnArchive(view))];
        IReadOnlyList<TierAnswer> answers = await tiers.OpenAsync(
            served.Select(view => (view.Player, ToPlayer(request, view))), cancellation);
        var watermarks = new List<ulong>();
        var gaps = new List<Gap>();
        for (int i = 0; i < served.Count; i++)
        {
            if (answers[i].Source is { } source)
            {
                sources.Add(source);
                Note(watermarks, source.Watermark);
                views.Remove(served[i]);
            }
        }

        foreach (GroupView view in views)
        {
            int index = served.IndexOf(view);
            string? failure = index < 0 ? null : answers[index].Failure;
            await OpenTiersAsync(request, view, failure, sources, watermarks, gaps, cancellation);
        }

        return (watermarks, gaps);
    }

    private async ValueTask OpenTiersAsync(
        OpenReadRequest request, GroupView view, string? failure, List<IReadSource> sources, List<ulong> watermarks,
        List<Gap> gaps, CancellationToken cancellation)
    {
        OpenReadRequest forwarded = Forward(request, isPlayer: false);
        List<TierAnswer> answers = [.. await tiers.OpenAsync(view.Keepers, forwarded, cancellation)];
        ulong complete = 0;
        if (view.Grapher is not null)
        {
            TierAnswer warm = await tiers.OpenAsync(view.Grapher, forwarded, cancellation);
            answers.Add(warm);
            complete = request.Story.OwnTimes ? 0 : warm.Watermark; // see ReplayPlanner.Gaps
            Note(watermarks, warm.Watermark);
        }

        foreach (TierAnswer answer in answers)
        {
            if (answer.Source is not null)
            {
                sources.Add(answer.Source);
            }
            else
            {
                AddGap(gaps, request, complete, answer.Failure!);
            }
        }

        foreach (ProcessIdentity dead in view.DeadKeepers)
        {
            AddGap(
                gaps, request, complete,
                $"{dead.Name} at {dead.AdminEndpoint}, of the story's earlier group {view.Group}, is dead: its journal may "
                + "hold events that were not handed over; restart it");
        }

        if (!IsOwnArchive(view))
        {
            string why = failure ?? "it has no living Player";
            AddGap(
                gaps, request, 0,
                $"the archive of the story's earlier group {view.Group} cannot be read: {why}; start a Player for that "
                + "group");
        }
    }

    private List<GroupView> Views(OpenReadRequest request)
    {
        IEnumerable<uint> numbers = request.EarlierGroups.Concat(request.EarlierViews.Select(view => view.Group));
        List<uint> groups = [.. numbers.Distinct().Where(group => group != ownGroup())];
        int members = request.EarlierViews.Sum(view => view.Keepers.Count + view.DeadKeepers.Count);
        return groups.Count <= GroupsMax && members <= MembersMax
            ? [.. groups.Select(group => request.EarlierViews.FirstOrDefault(view => view.Group == group)
                ?? new GroupView { Group = group })]
            : throw new ChronoLogException(
                Status.LimitExceeded,
                $"a replay names {groups.Count} earlier groups with {members} Keepers; at most {GroupsMax} with "
                + $"{MembersMax} are read");
    }

    private bool IsOwnArchive(GroupView view) => view.Archive.Length > 0 && view.Archive == ownArchive;

    // 0 is not known: a group that has let go of the story long ago has no watermark of it.
    private static void Note(List<ulong> watermarks, ulong watermark)
    {
        if (watermark > 0)
        {
            watermarks.Add(watermark);
        }
    }

    // Whoever replays has just been at the Visor: of a Keeper that has come back the group's Player may not have heard yet.
    private static OpenReadRequest ToPlayer(OpenReadRequest request, GroupView view)
    {
        OpenReadRequest forwarded = Forward(request, isPlayer: true);
        forwarded.View = view;
        return forwarded;
    }

    // Pages of another Player may lie in its Keepers' memory: those it has to give from its own.
    private static OpenReadRequest Forward(OpenReadRequest request, bool isPlayer) => new()
    {
        Story = request.Story,
        StartTime = request.StartTime,
        EndTime = request.EndTime,
        ClientId = request.ClientId,
        EventLimit = request.EventLimit,
        PageBytes = request.PageBytes,
        WithArrivals = request.WithArrivals,
        CountBefore = request.CountBefore,
        AcceptsForeignPages = request.AcceptsForeignPages && !isPlayer,
        IncludeHandedOver = true,
        OwnGroupOnly = true,
    };

    private static void AddGap(List<Gap> gaps, OpenReadRequest request, ulong complete, string reason)
    {
        if (complete < request.EndTime)
        {
            gaps.Add(new Gap
            {
                StartTime = Math.Max(request.StartTime, complete), EndTime = request.EndTime, Reason = reason,
            });
        }
    }
}

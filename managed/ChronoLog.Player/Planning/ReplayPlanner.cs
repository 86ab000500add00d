using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Playback.Collisions;
using ChronoLog.Core.Protocol;
using ChronoLog.Player.Recent;

namespace ChronoLog.Player.Planning;

/// <summary>
/// Plans a replay in the direction in which events move: the Keepers first, then the Grapher, then this Player's own
/// memory, the archive last. What moves from one tier to the next in between is then seen twice, never not at all, and
/// the merge drops it by its EventSequence.
/// </summary>
/// <remarks>
/// What may be missing is said, never passed over:
/// <list type="bullet">
/// <item>A Keeper that does not answer, or is dead, may hold events that were not handed over: a gap from the Grapher's
/// watermark on, below which every Keeper has handed over everything.</item>
/// <item>A Grapher that does not answer may hold events that are in no StoryFile yet. The Keepers keep those until they
/// are archived, so they are asked again, this time for everything they keep; only if one of them is missing too there
/// is a gap.</item>
/// <item>A Keeper that joined after this Player last heard from the Visor is asked all the same: the request carries the
/// view that the reader got from there.</item>
/// <item>Groups that recorded the story earlier: see <see cref="EarlierGroups"/>.</item>
/// </list>
/// </remarks>
internal sealed class ReplayPlanner(
    Strand strand, Func<GroupView?> view, TierReader tiers, EarlierGroups earlier, RecentChunks recent, IColdTier cold,
    string name)
{
    public async ValueTask<ReadPlan> PlanAsync(OpenReadRequest request, CancellationToken cancellation)
    {
        // Another group's Player applies the rule, to the events of all groups together.
        CollisionRule? rule = request.OwnGroupOnly
            ? null
            : CollisionRule.Of(request.Story, request.StartTime, request.EndTime);
        if (rule is null)
        {
            return await PlanStoredAsync(request, cancellation);
        }

        return await rule.PlanAsync(
            (start, end, cancelled) => PlanOnStrandAsync(
                new OpenReadRequest(request)
                {
                    StartTime = start,
                    EndTime = end,
                    EventLimit = 0,
                    AcceptsForeignPages = false,
                    WithArrivals = rule.NeedsArrivals,
                    CountBefore = start > 0,
                },
                cancelled),
            cancellation);
    }

    // A rule that has to look further back finds out where pages are filled; what is planned with lives on the role's strand.
    private async ValueTask<ReadPlan> PlanOnStrandAsync(OpenReadRequest request, CancellationToken cancellation) =>
        SynchronizationContext.Current == strand
            ? await PlanStoredAsync(request, cancellation)
            : await strand.InvokeAsync(() => PlanStoredAsync(request, cancellation));

    private async ValueTask<ReadPlan> PlanStoredAsync(OpenReadRequest request, CancellationToken cancellation)
    {
        var sources = new List<IReadSource>();
        try
        {
            (ulong watermark, List<Gap> gaps) = await OpenRemoteAsync(request, sources, cancellation);
            var (others, missing) = await earlier.OpenAsync(request, sources, cancellation);
            watermark = others.Append(watermark).Min();
            gaps.AddRange(missing);
            OpenRecent(request, sources);
            sources.AddRange(cold.OpenSources(
                request.Story, request.StartTime, request.EndTime, request.WithArrivals));
            return new ReadPlan(sources, watermark, gaps) { Before = CountBefore(request, sources) };
        }
        catch
        {
            await new ReadPlan(sources, 0, []).DisposeAsync();
            throw;
        }
    }

    // What this Player's memory has is in the archive too, or with the Grapher.
    private PrecedingEvents CountBefore(OpenReadRequest request, List<IReadSource> sources)
    {
        if (!request.CountBefore)
        {
            return PrecedingEvents.Unknown;
        }

        PrecedingEvents before = cold.CountBefore(request.Story, request.StartTime);
        foreach (RemoteReadSource tier in sources.OfType<RemoteReadSource>())
        {
            before.Add(tier.Before);
        }

        return before;
    }

    private async ValueTask<(ulong Watermark, List<Gap> Gaps)> OpenRemoteAsync(
        OpenReadRequest request, List<IReadSource> sources, CancellationToken cancellation)
    {
        if (NewestView(request) is not { } group)
        {
            string reason = $"{name} is not registered with the Visor yet and knows neither Keepers nor Grapher; "
                + "replay again later";
            return (0, [NewGap(request, 0, reason)]);
        }

        ulong epoch = group.Grapher?.Epoch ?? 0;
        OpenReadRequest forwarded = Forward(request, epoch, everything: group.Grapher is null);
        IReadOnlyList<TierAnswer> hot = await tiers.OpenAsync(group.Keepers, forwarded, cancellation);
        Take(hot, sources);
        if (group.Grapher is null)
        {
            return (0, Gaps(request, group, hot, 0, "there is no Grapher"));
        }

        TierAnswer warm = await tiers.OpenAsync(group.Grapher, Forward(request, epoch, everything: false), cancellation);
        Take([warm], sources);
        if (warm.Source is not null)
        {
            return (Watermark(hot, warm), Gaps(request, group, hot, warm.Watermark, null));
        }

        // Everything that the first answers hold is in the second ones, or was archived in between.
        await new ReadPlan([.. sources], 0, []).DisposeAsync();
        sources.Clear();
        hot = await tiers.OpenAsync(group.Keepers, Forward(request, epoch, everything: true), cancellation);
        Take(hot, sources);
        return (0, Gaps(request, group, hot, 0, warm.Failure));
    }

    // A reader that has just been at the Visor may know of a Keeper that this Player has not heard of yet.
    private GroupView? NewestView(OpenReadRequest request)
    {
        GroupView? own = view();
        GroupView? given = request.View;
        if (given is null || (own is not null && (given.Group != own.Group || given.Epoch <= own.Epoch)))
        {
            return own;
        }

        return given.Keepers.Count + given.DeadKeepers.Count <= EarlierGroups.MembersMax
            ? given
            : throw new ChronoLogException(
                Status.LimitExceeded,
                $"a replay names {given.Keepers.Count + given.DeadKeepers.Count} Keepers of its group; at most "
                + $"{EarlierGroups.MembersMax} are read");
    }

    private void OpenRecent(OpenReadRequest request, List<IReadSource> sources)
    {
        List<EventRun> runs = recent.Snapshot(request.Story.StoryId, request.StartTime, request.EndTime);
        if (runs.Count > 0)
        {
            sources.Add(new RunReadSource($"recent chunks of {name}", runs));
            runs.ForEach(static run => run.Release());
        }
    }

    private static void Take(IReadOnlyList<TierAnswer> answers, List<IReadSource> sources)
    {
        foreach (TierAnswer answer in answers)
        {
            if (answer.Source is not null)
            {
                sources.Add(answer.Source);
            }
        }
    }

    // Each tier need not give more than the whole replay may: its first events suffice for the replay's first events.
    private static OpenReadRequest Forward(OpenReadRequest request, ulong grapherEpoch, bool everything) => new()
    {
        Story = request.Story,
        StartTime = request.StartTime,
        EndTime = request.EndTime,
        ClientId = request.ClientId,
        EventLimit = request.EventLimit,
        PageBytes = request.PageBytes,
        AcceptsForeignPages = request.AcceptsForeignPages,
        WithArrivals = request.WithArrivals,
        CountBefore = request.CountBefore,
        GrapherEpoch = grapherEpoch,
        IncludeHandedOver = everything || request.IncludeHandedOver,
    };

    // The Grapher's is the group's: it knows what every Keeper has handed over. A Keeper's own is its hand-over.
    private static ulong Watermark(IReadOnlyList<TierAnswer> hot, TierAnswer warm) =>
        warm.Watermark > 0 || hot.Count == 0 || hot.Any(answer => answer.Source is null)
            ? warm.Watermark
            : hot.Min(answer => answer.Watermark);

    private static List<Gap> Gaps(
        OpenReadRequest request, GroupView group, IReadOnlyList<TierAnswer> hot, ulong complete, string? warmFailure)
    {
        // What comes late may lie below the watermark: who is missing may have such events, which nobody else knows of.
        complete = request.Story.OwnTimes ? 0 : complete;
        var gaps = new List<Gap>();
        foreach (ProcessIdentity dead in group.DeadKeepers)
        {
            AddGap(
                gaps, request, complete,
                $"{dead.Name} at {dead.AdminEndpoint} is dead: its journal may hold events that were not handed over; "
                + "restart it");
        }

        foreach (TierAnswer answer in hot.Where(answer => answer.Failure is not null))
        {
            AddGap(gaps, request, complete, answer.Failure!);
        }

        if (warmFailure is not null && gaps.Count > 0)
        {
            AddGap(gaps, request, complete, $"{warmFailure}; not every Keeper could answer in its place");
        }

        return gaps;
    }

    private static void AddGap(List<Gap> gaps, OpenReadRequest request, ulong complete, string reason)
    {
        if (complete < request.EndTime)
        {
            gaps.Add(NewGap(request, complete, reason));
        }
    }

    private static Gap NewGap(OpenReadRequest request, ulong complete, string reason) => new()
    {
        StartTime = Math.Max(request.StartTime, complete),
        EndTime = request.EndTime,
        Reason = reason,
    };
}

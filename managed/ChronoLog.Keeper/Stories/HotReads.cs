using ChronoLog.Core.Chunk;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Keeper.Retirement;

namespace ChronoLog.Keeper.Stories;

/// <summary>
/// What this Keeper contributes to a replay: everything recorded into its rings before the read was opened and not yet
/// handed over to the Grapher; on request also what the Grapher has and has not archived. On the role's strand.
/// </summary>
public sealed class HotReads(
    KeeperOptions options, StoryTable stories, IReadOnlyList<UnarchivedRange> missing, Func<ValueTask<bool>> fence)
{
    public async ValueTask<ReadPlan> PlanAsync(OpenReadRequest request, CancellationToken cancellation)
    {
        bool isFenced = await fence();
        cancellation.ThrowIfCancellationRequested();
        List<Gap> gaps = isFenced ? [] : [Unfenced(request)];
        gaps.AddRange(missing.Where(range => IsAsked(range, request)).Select(range => Missing(range, request)));
        if (request.Story is null || stories.Find(request.Story.StoryId) is not { } story)
        {
            return new ReadPlan([], 0, gaps) { Before = Before(null, request) };
        }

        // No await from here on: between pipeline and ledger nothing moves while the strand is ours.
        using PipelineSnapshot snapshot = story.Pipeline.Snapshot(request.StartTime, request.EndTime);
        var runs = new List<EventRun>(snapshot.Runs);
        int owned = runs.Count;
        AddRetained(story, request.StartTime, request.EndTime, request, runs);
        var source = new RunReadSource($"hot tier of {options.Name}", runs);
        foreach (EventRun run in runs.Skip(owned))
        {
            run.Release();
        }

        return new ReadPlan([source], story.DrainedThrough, gaps) { Before = Before(story, request) };
    }

    // What is missing counts too: nobody knows how much that is.
    private PrecedingEvents Before(KeeperStory? story, OpenReadRequest request)
    {
        var before = new PrecedingEvents();
        if (!request.CountBefore)
        {
            return before;
        }

        foreach (UnarchivedRange range in missing.Where(range => range.StartTime < request.StartTime))
        {
            before.Add(range.EndTime, PrecedingEvents.CountUnknown);
        }

        if (story is not null)
        {
            var runs = new List<EventRun>();
            using PipelineSnapshot snapshot = story.Pipeline.Snapshot(0, request.StartTime);
            AddRetained(story, 0, request.StartTime, request, runs);
            before.Add(snapshot.Runs);
            before.Add(runs);
            runs.ForEach(static run => run.Release());
        }

        return before;
    }

    private static void AddRetained(
        KeeperStory story, ulong startTime, ulong endTime, OpenReadRequest request, List<EventRun> runs)
    {
        foreach (RetainedChunk chunk in story.Retained)
        {
            // The reader asks the Grapher that has it, and not another one that was started since.
            bool isWithGrapher = chunk.State == RetainedState.HandedOver
                && (request.GrapherEpoch == 0 || request.GrapherEpoch == chunk.HandedOverTo);
            if (isWithGrapher && !request.IncludeHandedOver)
            {
                continue;
            }

            foreach (EventRun run in chunk.Chunk.Runs)
            {
                if (run.Range(startTime, endTime) is { } part)
                {
                    runs.Add(part);
                }
            }
        }
    }

    // Where the range lies was told by the arrival of what is lost: events with times of their users' own may lie anywhere.
    private static bool IsAnywhere(OpenReadRequest request) => request.Story?.OwnTimes ?? false;

    private static bool IsAsked(UnarchivedRange range, OpenReadRequest request) => IsAnywhere(request)
        || (range.StartTime < request.EndTime && range.EndTime > request.StartTime);

    private static Gap Missing(UnarchivedRange range, OpenReadRequest request) => new()
    {
        StartTime = IsAnywhere(request) ? request.StartTime : Math.Max(range.StartTime, request.StartTime),
        EndTime = IsAnywhere(request) ? request.EndTime : Math.Min(range.EndTime, request.EndTime),
        Reason = range.Reason,
    };

    private Gap Unfenced(OpenReadRequest request) => new()
    {
        StartTime = request.StartTime,
        EndTime = request.EndTime,
        Reason = $"rings at {options.Name} hold events that could not be taken within "
            + $"{options.FenceDeadline.TotalMilliseconds} ms (a stopped "
            + "producer, a client on another node that does not answer, or a full journal)",
    };
}

using ChronoLog.Core.Chunk;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>
/// What <see cref="SequentialRule"/> shows of a range, without reading the story from its beginning: from a tick before the
/// range on, at which it is known how far a crowd before it can reach at most. When the events from there on do not settle
/// where the range's first one comes to lie, it is read again from further back, in the end from the beginning.
/// </summary>
internal sealed class LookBackSource : IReadSource
{
    /// <summary>Granules before the range that are read at first: costs little, and mostly suffices.</summary>
    private const ulong GranulesFirst = 4096;

    // Each time from this many times as far back: so all times together read little more than the last one.
    private const ulong Growth = 8;

    // Where that does not help either, the story is one crowd.
    private const int PlansMax = 6;

    private readonly SequentialRule whole;
    private readonly StoredPlan stored;
    private int plans;
    private ulong from;
    private SequentialRule rule;
    private CollisionReadSource current = null!;

    private LookBackSource(SequentialRule whole, StoredPlan stored)
    {
        this.whole = whole;
        this.stored = stored;
        rule = whole;
    }

    public string Name => current.Name;

    public ulong EventEstimate => current.EventEstimate;

    public IReadOnlyList<Gap> Gaps => current.Gaps;

    /// <param name="whole">For a read from the story's beginning.</param>
    /// <param name="stored">Plans the reads.</param>
    /// <param name="cancellation">Of the planning.</param>
    public static async ValueTask<ReadPlan> PlanAsync(
        SequentialRule whole, StoredPlan stored, CancellationToken cancellation)
    {
        var source = new LookBackSource(whole, stored);
        ulong distance = ChronoTick.MultiplySaturating(GranulesFirst, whole.Granularity);
        ulong watermark = await source.OpenAsync(distance, cancellation);
        return new ReadPlan([source], whole.Watermark(watermark), []);
    }

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            EventRun? run = await current.NextAsync(cancellation);
            if (run is not null || !rule.LacksEarlier)
            {
                return run;
            }

            ulong distance = ChronoTick.MultiplySaturating(whole.StartTime - from, Growth);
            CollisionReadSource before = current;
            await OpenAsync(distance, cancellation);
            await before.DisposeAsync();
        }
    }

    public ValueTask DisposeAsync() => current.DisposeAsync();

    // From so far before the range, or as much further as a crowd may reach.
    private async ValueTask<ulong> OpenAsync(ulong distance, CancellationToken cancellation)
    {
        while (true)
        {
            ulong start = ++plans >= PlansMax ? 0 : whole.GranuleStart(ChronoTick.SubtractSaturating(whole.StartTime, distance));
            ReadPlan plan = await stored(start, whole.EndTime, cancellation);
            ulong free = start == 0 ? 0 : plan.Before.FreeFrom(whole.Granularity);
            ulong crowd = ChronoTick.SubtractSaturating(free, start);

            // With half of the granules before the range free, the crowd is over when the range begins.
            if (crowd <= (whole.StartTime - start) / 2)
            {
                from = start;
                rule = whole.From(free);
                current = new CollisionReadSource(plan, rule);
                return plan.Watermark;
            }

            await plan.DisposeAsync();
            distance = Math.Max(
                ChronoTick.MultiplySaturating(distance, Growth), ChronoTick.MultiplySaturating(crowd, 3));
        }
    }
}

using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>
/// Merges the sources of a plan and gives what a collision rule makes of their events; without one, all of them.
/// </summary>
public sealed class CollisionReadSource : IReadSource
{
    // 2048 entries of 32 bytes stay within a first-level cache while the rule goes over them.
    private const int BlockEvents = 2048;

    private readonly ReadPlan plan;
    private readonly EntryRule? rule;
    private readonly StreamingMerge merge;
    private readonly EventRun?[] current;
    private RunSetBlock? holder;
    private bool finished;

    /// <param name="plan">Of the rule's wider range, without a limit on events. Is disposed with this.</param>
    /// <param name="rule">For one replay; null gives every event as it is.</param>
    public CollisionReadSource(ReadPlan plan, EntryRule? rule)
    {
        this.plan = plan;
        this.rule = rule;
        merge = new StreamingMerge(plan.Sources.Count);
        current = new EventRun?[plan.Sources.Count];
    }

    public string Name => "collisions of " + string.Join(", ", plan.Sources.Select(source => source.Name));

    public ulong EventEstimate => 0;

    public IReadOnlyList<Gap> Gaps =>
    [
        .. plan.Gaps.Concat(plan.Sources.SelectMany(source => source.Gaps)).Select(gap => rule?.Widen(gap) ?? gap),
    ];

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        while (!finished)
        {
            while (merge.NeedsInput(out int source))
            {
                await FeedAsync(source, cancellation);
            }

            EventRun? run = Step();
            if (run is not null)
            {
                return run;
            }

            cancellation.ThrowIfCancellationRequested();
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        finished = true;
        merge.Dispose();
        holder?.Release();
        holder = null;
        foreach (EventRun? run in current)
        {
            run?.Release();
        }

        Array.Clear(current);
        await plan.DisposeAsync();
    }

    private async ValueTask FeedAsync(int source, CancellationToken cancellation)
    {
        EventRun? run = await plan.Sources[source].NextAsync(cancellation);
        current[source]?.Release();
        current[source] = run?.AddReference();
        if (run is null)
        {
            merge.End(source);
        }
        else
        {
            merge.Feed(source, run);
        }
    }

    // Null when nothing came of this block of entries.
    private EventRun? Step()
    {
        EventEntry[] entries = EntryPool.Rent(BlockEvents);
        if (rule is null)
        {
            return StepWithoutRule(entries);
        }

        EventEntry[] shown = EntryPool.Rent(BlockEvents + 1);
        int count = merge.Read(entries.AsSpan(0, BlockEvents));
        finished = count == 0 && merge.AtEnd;
        int given = finished ? rule.Finish(shown) : rule.Apply(entries.AsSpan(0, count), shown);
        finished |= rule.IsFinished;
        EntryPool.Return(entries);

        // What is given out lies in the present runs, or was held back from the ones before.
        RunSetBlock? before = holder;
        holder = count == 0 ? before : new RunSetBlock([.. current.OfType<EventRun>()]);
        EventRun? run = given == 0 ? null : Make(shown, given, before);
        if (given == 0)
        {
            EntryPool.Return(shown);
        }

        if (!ReferenceEquals(before, holder))
        {
            before?.Release();
        }

        return run;
    }

    private EventRun? StepWithoutRule(EventEntry[] entries)
    {
        int count = merge.Read(entries.AsSpan(0, BlockEvents));
        finished = count == 0 && merge.AtEnd;
        if (count == 0)
        {
            EntryPool.Return(entries);
            return null;
        }

        holder?.Release();
        holder = new RunSetBlock([.. current.OfType<EventRun>()]);
        return Make(entries, count, holder);
    }

    private EventRun Make(EventEntry[] shown, int given, RunSetBlock? before)
    {
        var blocks = new List<PayloadBlock> { holder! };
        if (before is not null && !ReferenceEquals(before, holder))
        {
            blocks.Add(before);
        }

        blocks.ForEach(block => block.AddReference());
        return new EventRun(
            new RunStorage(shown, given, [.. blocks], blocks.Count, pooled: true), 0, given, recordBytes: -1);
    }
}

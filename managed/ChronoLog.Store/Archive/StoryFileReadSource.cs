using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Reads a chain of StoryFiles that do not overlap. Damage is no failure: what can be given is given, and the rest is
/// in <see cref="Gaps"/>. Files are opened one after the other, so memory does not grow with the range.
/// </summary>
public sealed class StoryFileReadSource : IReadSource
{
    private readonly IReadOnlyList<CatalogFile> chain;
    private readonly ulong startTime;
    private readonly ulong endTime;
    private readonly bool readAhead;
    // Replaced, never changed: it grows on a pool thread while others may look at it.
    private volatile Gap[] gaps = [];
    private readonly IEnumerator<EventRun> runs;
    private Task<EventRun?>? next;

    /// <param name="chain">In order of time, without overlaps: see <see cref="StoryListing.Chains"/>.</param>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <param name="readAhead">
    /// Read on a pool thread, one run ahead, so that disk and checksums do not hold up the caller's strand.
    /// </param>
    public StoryFileReadSource(IReadOnlyList<CatalogFile> chain, ulong startTime, ulong endTime, bool readAhead)
    {
        this.chain = chain;
        this.startTime = startTime;
        this.endTime = endTime;
        this.readAhead = readAhead;
        runs = Runs().GetEnumerator();
    }

    public string Name => $"archive, {chain.Count} StoryFiles from '{chain[0].Path}'";

    /// <summary>By the headers, when they were read before; a file partly in the range counts in proportion.</summary>
    public ulong EventEstimate => (ulong)chain.Sum(Estimate);

    public IReadOnlyList<Gap> Gaps => gaps;

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!readAhead)
        {
            return Advance();
        }

        Task<EventRun?> ready = next ?? Task.Run(Advance, CancellationToken.None);
        next = ready; // kept in case the wait is cancelled
        EventRun? run = await ready.WaitAsync(cancellation);
        next = run is null ? ready : Task.Run(Advance, CancellationToken.None);
        return run;
    }

    public async ValueTask DisposeAsync()
    {
        if (next is not null)
        {
            EventRun? run = await next;
            run?.Release();
            next = null;
        }

        runs.Dispose();
    }

    private EventRun? Advance() => runs.MoveNext() ? runs.Current : null;

    private IEnumerable<EventRun> Runs()
    {
        foreach (CatalogFile entry in chain)
        {
            using StoryFile? file = entry.TryOpen();
            if (file is null)
            {
                AddGap(entry.GapWithin(startTime, endTime));
                continue;
            }

            foreach (EventRun run in file.Range(startTime, endTime, AddGap))
            {
                yield return run;
            }
        }
    }

    private void AddGap(Gap gap) => gaps = [.. gaps, gap];

    private long Estimate(CatalogFile file)
    {
        if (file.TryFacts() is not { EventCount: > 0 } facts)
        {
            return 0;
        }

        double span = Math.Max(1, (double)(file.Name.EndTime - file.Name.StartTime));
        ulong start = Math.Max(startTime, file.Name.StartTime);
        ulong end = Math.Min(endTime, file.Name.EndTime);
        return end <= start ? 0 : (long)Math.Ceiling(facts.EventCount * ((end - start) / span));
    }
}

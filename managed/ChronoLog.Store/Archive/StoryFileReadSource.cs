using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Reads a chain of StoryFiles that do not overlap. Damage is no failure: what can be given is given, and the rest is
/// in <see cref="Gaps"/>. Files are opened one after the other, so memory does not grow with the range.
/// </summary>
public sealed class StoryFileReadSource : IPagedReadSource
{
    private readonly IReadOnlyList<CatalogFile> chain;
    private readonly ulong startTime;
    private readonly ulong endTime;
    private readonly bool readAhead;
    private readonly bool withArrivals;
    // Replaced, never changed: it grows on a pool thread while others may look at it.
    private volatile Gap[] gaps = [];
    private IEnumerator<ColumnSlice>? slices;
    private Task<ColumnSlice?>? next;
    private ColumnSlice? offered;

    /// <param name="chain">In order of time, without overlaps: see <see cref="StoryListing.Chains"/>.</param>
    /// <param name="startTime">ChronoTick, inclusive.</param>
    /// <param name="endTime">ChronoTick, exclusive.</param>
    /// <param name="readAhead">
    /// Read on a pool thread, one page ahead, so that disk and checksums do not hold up the caller's strand.
    /// </param>
    /// <param name="withArrivals">Events that have arrival stamps come with them.</param>
    public StoryFileReadSource(
        IReadOnlyList<CatalogFile> chain, ulong startTime, ulong endTime, bool readAhead, bool withArrivals = false)
    {
        this.withArrivals = withArrivals;
        this.chain = chain;
        this.startTime = startTime;
        this.endTime = endTime;
        this.readAhead = readAhead;
    }

    public string Name => $"archive, {chain.Count} StoryFiles from '{chain[0].Path}'";

    /// <summary>By the headers, when they were read before; a file partly in the range counts in proportion.</summary>
    public ulong EventEstimate => (ulong)chain.Sum(Estimate);

    public IReadOnlyList<Gap> Gaps => gaps;

    public bool IsLocal => true;

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation) =>
        await OfferAsync(ReadServiceOptions.PageBytesDefault, cancellation) is { } offer
            ? await LoadAsync(offer, cancellation)
            : null;

    public async ValueTask<PageOffer?> OfferAsync(int bytesMax, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        slices ??= Slices(bytesMax).GetEnumerator();
        ColumnSlice? slice = readAhead ? await AheadAsync(cancellation) : Advance();
        offered?.Dispose();
        offered = slice;
        return slice is null ? null : new ColumnPage(slice);
    }

    public ValueTask<EventRun?> LoadAsync(PageOffer offer, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return ValueTask.FromResult<EventRun?>(((ColumnPage)offer).Columns.ToRun());
    }

    public async ValueTask DisposeAsync()
    {
        ColumnSlice? ahead = next is null ? null : await next;
        ahead?.Dispose();
        next = null;
        offered?.Dispose();
        slices?.Dispose();
    }

    private async ValueTask<ColumnSlice?> AheadAsync(CancellationToken cancellation)
    {
        Task<ColumnSlice?> ready = next ?? Task.Run(Advance, CancellationToken.None);
        next = ready; // kept in case the wait is cancelled
        ColumnSlice? slice = await ready.WaitAsync(cancellation);
        next = slice is null ? ready : Task.Run(Advance, CancellationToken.None);
        return slice;
    }

    private ColumnSlice? Advance() => slices!.MoveNext() ? slices.Current : null;

    private IEnumerable<ColumnSlice> Slices(int imageBytesMax)
    {
        foreach (CatalogFile entry in chain)
        {
            using StoryFile? file = entry.TryOpen();
            if (file is null)
            {
                AddGap(entry.GapWithin(startTime, endTime));
                continue;
            }

            IEnumerable<ColumnSlice> slices =
                file.Slices(startTime, endTime, imageBytesMax, gap => Miss(entry, gap), withArrivals);
            foreach (ColumnSlice slice in slices)
            {
                yield return slice;
            }
        }
    }

    private void Miss(CatalogFile entry, Gap gap)
    {
        AddGap(gap);
        entry.MeetDamage(gap.Reason);
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

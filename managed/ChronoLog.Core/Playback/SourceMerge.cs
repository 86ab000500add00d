using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// Merges the sources of a plan. Where sources overlap, events are merged one by one; a page that lies wholly before
/// everything else that is left is given out as it is: one of another process without its events ever coming here, and one
/// that lies here without an entry for each of its events.
/// </summary>
/// <remarks>
/// A source is *dry* when the merge has used up what it gave. A dry source that can say what comes next
/// (<see cref="IPagedReadSource"/>) is asked for that first, and its offer waits in <c>offers</c>; once every dry source
/// has an offer, the least of them is either passed on, or all of them are loaded and fed.
/// </remarks>
internal sealed class SourceMerge : IDisposable
{
    // Each page costs its reader a round trip: the ends of many small files are put together to pages instead.
    private const int SmallestPart = 4;

    private readonly ReadPlan plan;
    private readonly StreamingMerge merge;
    private readonly PageOffer?[] offers;
    private readonly bool[] ended;
    private readonly string? passesProvider;
    private readonly int pageBytes;
    private readonly bool stamped;
    private readonly ulong[] gapsThrough;

    /// <param name="plan">Stays the caller's.</param>
    /// <param name="passesProvider">
    /// Pages of other processes on this fabric provider may be passed on; null = none may.
    /// </param>
    /// <param name="pageBytes">Most bytes of a page.</param>
    /// <param name="stamped">Pages have arrival stamps.</param>
    public SourceMerge(ReadPlan plan, string? passesProvider, int pageBytes, bool stamped = false)
    {
        this.plan = plan;
        this.passesProvider = passesProvider;
        this.pageBytes = pageBytes;
        this.stamped = stamped;
        merge = new StreamingMerge(plan.Sources.Count);
        offers = new PageOffer?[plan.Sources.Count];
        ended = new bool[plan.Sources.Count];
        gapsThrough = new ulong[plan.Sources.Count];
        Array.Fill(gapsThrough, ulong.MaxValue);
    }

    /// <summary>True when every source has ended and everything was read.</summary>
    public bool AtEnd => merge.AtEnd;

    /// <summary>Events dropped because another one of other bytes has their EventSequence.</summary>
    public long Conflicts => merge.Conflicts;

    /// <summary>
    /// Of the plan and of the sources. Of a source that has ended too: a page of it that was passed on may turn out to be
    /// lost later.
    /// </summary>
    public IEnumerable<Gap> Gaps => plan.Gaps.Concat(
        plan.Sources.SelectMany((source, number) => source.Gaps.Where(gap => gap.StartTime <= gapsThrough[number])));

    /// <summary>Goes on by a step: fetches what is needed, or merges a block of events into the entries.</summary>
    /// <param name="entries">Receives what was merged, and holds what it lies in.</param>
    /// <param name="block">Most events to merge.</param>
    /// <param name="eventsLeft">No longer page is passed on.</param>
    /// <param name="cancellation">Of the waiting for sources.</param>
    /// <returns>A page to be passed on, behind everything merged so far and before everything else; mostly null.</returns>
    public async ValueTask<PassedPage?> StepAsync(
        PageEntries entries, int block, ulong eventsLeft, CancellationToken cancellation)
    {
        if (merge.NeedsInput(out int needed))
        {
            return await FetchAsync(needed, entries, cancellation)
                ? await PassOrLoadAsync(entries, eventsLeft, cancellation)
                : null;
        }

        if (!merge.AtEnd)
        {
            entries.Added(merge.Read(entries.Room(block)[..block]));
        }

        return null;
    }

    /// <summary>A limit ends the read before its sources end: what may be missing before its last event counts all the same.</summary>
    public void StateGapsBefore(ulong last)
    {
        for (int source = 0; source < plan.Sources.Count; source++)
        {
            if (!ended[source])
            {
                gapsThrough[source] = last;
                ended[source] = true;
            }
        }
    }

    /// <summary>Loads a page that had been passed on. Null when it is lost: the gap is stated.</summary>
    public ValueTask<EventRun?> BringAsync(PassedPage page, CancellationToken cancellation) =>
        ((RemoteReadSource)plan.Sources[page.Source]).BringAsync((RemotePage)page.Offer, cancellation);

    public void Dispose() => merge.Dispose();

    // True when every dry source has an offer.
    private async ValueTask<bool> FetchAsync(int needed, PageEntries entries, CancellationToken cancellation)
    {
        if (Paged(needed) is null)
        {
            Feed(needed, await plan.Sources[needed].NextAsync(cancellation), entries);
            return false;
        }

        for (int source = 0; source < offers.Length; source++)
        {
            if (offers[source] is null && merge.IsDry(source))
            {
                if (Paged(source) is not { } paged)
                {
                    Feed(source, await plan.Sources[source].NextAsync(cancellation), entries);
                    return false;
                }

                offers[source] = await paged.OfferAsync(pageBytes, cancellation);
                if (offers[source] is null)
                {
                    End(source);
                    return false;
                }
            }
        }

        return true;
    }

    private IPagedReadSource? Paged(int source) =>
        plan.Sources[source] is IPagedReadSource paged && (paged.IsLocal || passesProvider is not null) ? paged : null;

    private async ValueTask<PassedPage?> PassOrLoadAsync(
        PageEntries entries, ulong eventsLeft, CancellationToken cancellation)
    {
        int least = LeastOffer();
        PageOffer offer = offers[least]!;
        if (MayPass(least, offer, eventsLeft))
        {
            offers[least] = null;
            merge.Passed(offer.Last);
            await RemoteReadSource.DropAsync(offer as RemotePage);
            return new PassedPage(least, offer);
        }

        for (int source = 0; source < offers.Length; source++)
        {
            if (offers[source] is { } other)
            {
                EventRun? run = await ((IPagedReadSource)plan.Sources[source]).LoadAsync(other, cancellation);
                offers[source] = null;
                Feed(source, run, entries);
            }
        }

        return null;
    }

    private int LeastOffer()
    {
        int least = -1;
        for (int source = 0; source < offers.Length; source++)
        {
            if (offers[source] is { } offer && (least < 0 || offer.First < offers[least]!.First))
            {
                least = source;
            }
        }

        return least;
    }

    private bool MayPass(int candidate, PageOffer offer, ulong eventsLeft)
    {
        bool isPlain = IsFit(offer) && (ulong)offer.Count <= eventsLeft && merge.IsBehindLast(offer.First);
        for (int source = 0; isPlain && source < offers.Length; source++)
        {
            if (source != candidate && !ended[source])
            {
                EventSequence next = offers[source] is { } other ? other.First : merge.Head(source);
                isPlain = offer.Last < next;
            }
        }

        return isPlain;
    }

    private bool IsFit(PageOffer offer) => offer switch
    {
        RemotePage remote => !remote.IsForeign && remote.Page.Provider == passesProvider,
        ColumnPage { Columns: { IsStrict: true } columns } =>
            columns.IsStamped == stamped && ColumnImage.RequiredBytes(columns.Count, columns.RecordBytes) is var bytes
            && bytes <= pageBytes && bytes >= pageBytes / SmallestPart,
        _ => false,
    };

    private void Feed(int source, EventRun? run, PageEntries entries)
    {
        if (run is null)
        {
            End(source);
        }
        else if (run.Count == 0)
        {
            run.Release();
        }
        else
        {
            entries.Hold(run);
            merge.Feed(source, run);
        }
    }

    private void End(int source)
    {
        ended[source] = true;
        merge.End(source);
    }
}

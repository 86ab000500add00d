using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// Reads another process's cursor page by page: read.open, then for each page read.next_page and one pull by RMA, at
/// last read.close. Pulls one page ahead, except where its reader looks at the offers instead and passes them on.
/// </summary>
/// <remarks>
/// While nobody asks for the next page (a slow reader, or a merge that is still in an earlier tier), the page asked for
/// last is asked for again once per third of the server's lease.
/// </remarks>
public sealed class RemoteReadSource : IPagedReadSource
{
    // Nanoseconds of the coarsest granularity, which is a multiple of all others.
    private const ulong GranuleMax = 1_000_000_000;

    private readonly RemoteReadOptions options;
    private readonly OpenReadRequest request;
    private readonly RemoteCursor cursor;
    private Gap? broken;
    private bool ended;
    private bool unreachable;
    private Task<RemotePage?>? offering;
    private RemotePage? taken;
    private RemotePage? loading;
    private RemotePage? lastOffer;

    // Pages whose events are here, or on their way here, and that nobody has taken yet; and a few that somebody has.
    private readonly List<RemotePage> pulled = [];
    private Task? closed;

    private RemoteReadSource(RemoteCursor cursor, OpenReadRequest request, OpenReadReply opened, RemoteReadOptions options)
    {
        this.cursor = cursor;
        this.request = request;
        this.options = options;
        Name = options.Name!;
        EventEstimate = opened.EventEstimate;
        Before = PrecedingEvents.Of(opened);
    }

    public string Name { get; }

    public ulong EventEstimate { get; }

    /// <summary>What may lie before the range at the server, if the request asked for it.</summary>
    public PrecedingEvents Before { get; }

    /// <summary>ChronoTick below which the set of events is complete, as the server stated it last; 0 = unknown.</summary>
    public ulong Watermark => cursor.Watermark;

    /// <summary>Gaps that the server stated, final at the end, and the one that a failure of this source made.</summary>
    public IReadOnlyList<Gap> Gaps => broken is null ? cursor.Gaps : [.. cursor.Gaps, broken];

    /// <summary>Opens a cursor and begins to fetch its first page.</summary>
    /// <param name="channel">To the server; stays the caller's.</param>
    /// <param name="bulk">Pulls the pages.</param>
    /// <param name="timers">Keeps the cursor's lease alive while nobody asks for the next page.</param>
    /// <param name="request">Range, story, page size.</param>
    /// <param name="options">Deadlines and behaviour on failure.</param>
    /// <param name="cancellation">Of the opening only.</param>
    /// <exception cref="ChronoLogException">The server refused or could not be reached.</exception>
    public static async ValueTask<RemoteReadSource> OpenAsync(
        IRpcChannel channel,
        IBulkEndpoint bulk,
        ITimers timers,
        OpenReadRequest request,
        RemoteReadOptions? options = null,
        CancellationToken cancellation = default)
    {
        options ??= new RemoteReadOptions();
        options = options with { Name = options.Name ?? channel.Endpoint };
        request = WithPagesThatFit(request, bulk.SlabBytesMax);
        OpenReadReply opened = await channel.CallAsync(Methods.OpenRead, request, options.OpenDeadline, cancellation);
        var cursor = new RemoteCursor(channel, bulk, request, opened, options);
        var source = new RemoteReadSource(cursor, request, opened, options);
        source.offering = source.AskAsync(options.PullsAtOnce);
        if (opened.LeaseMilliseconds > 0)
        {
            _ = cursor.KeepAliveAsync(timers, TimeSpan.FromMilliseconds(Math.Max(opened.LeaseMilliseconds / 3, 1)));
        }

        return source;
    }

    public bool IsLocal => false;

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            taken ??= await NextPageAsync(cancellation); // kept in case the wait for its events is cancelled
            EventRun? run = taken is null ? null : await LoadAsync(taken, cancellation);
            taken = null;
            if (run is not { Count: 0 })
            {
                return run;
            }

            run.Release();
        }
    }

    /// <param name="bytesMax">No matter: the size of the pages was settled when the cursor was opened.</param>
    /// <param name="cancellation">Of the wait.</param>
    /// <inheritdoc/>
    public async ValueTask<PageOffer?> OfferAsync(int bytesMax, CancellationToken cancellation) =>
        await NextPageAsync(cancellation);

    private async ValueTask<RemotePage?> NextPageAsync(CancellationToken cancellation)
    {
        if (offering is null)
        {
            if (ended)
            {
                return null;
            }

            offering = AskAsync(pull: false);
        }

        RemotePage? offer = await offering.WaitAsync(cancellation);
        offering = null;
        return offer;
    }

    public ValueTask<EventRun?> LoadAsync(PageOffer offer, CancellationToken cancellation) =>
        LoadAsync((RemotePage)offer, cancellation);

    private async ValueTask<EventRun?> LoadAsync(RemotePage offer, CancellationToken cancellation)
    {
        loading = offer;
        Task<EventRun?> pulling = offer.Pulling ?? Pull(offer, null);
        if (!ended)
        {
            offering ??= AskAfterAsync(offer);
        }

        EventRun? run = await pulling.WaitAsync(cancellation);
        offer.Pulling = null;
        loading = null;
        if (ReferenceEquals(offer, lastOffer))
        {
            closed ??= CloseAsync();
        }

        return run;
    }

    /// <summary>
    /// The events of a page that was passed on, the one offered last or before the last; the source does not go on to the
    /// next. Empty or null: it is lost, and <see cref="Gaps"/> says so.
    /// </summary>
    internal async ValueTask<EventRun?> BringAsync(RemotePage offer, CancellationToken cancellation)
    {
        EventRun? run = await (offer.Pulling ?? Pull(offer, null)).WaitAsync(cancellation);
        offer.Pulling = null;
        return run;
    }

    /// <summary>Closes the server's cursor (best effort, bounded) and gives the pages back.</summary>
    public async ValueTask DisposeAsync()
    {
        cursor.Cancel();
        await AheadAsync();
        foreach (RemotePage page in pulled)
        {
            await DropAsync(page);
        }

        await (closed ??= CloseAsync());
    }

    private static OpenReadRequest WithPagesThatFit(OpenReadRequest request, int slabBytesMax)
    {
        uint wish = request.PageBytes == 0 ? ReadServiceOptions.PageBytesDefault : request.PageBytes;
        return wish <= slabBytesMax ? request : new OpenReadRequest(request) { PageBytes = (uint)slabBytesMax };
    }

    /// <summary>Lets go of a page that was pulled and is not needed: it was passed on, or the read ends.</summary>
    internal static async ValueTask DropAsync(RemotePage? offer)
    {
        if (offer?.Pulling is not { } pulling)
        {
            return;
        }

        offer.Pulling = null;
        try
        {
            (await pulling)?.Release();
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
        }
    }

    private Task<EventRun?> Pull(RemotePage offer, Task? before)
    {
        pulled.RemoveAll(static page => page.Pulling is null);
        pulled.Add(offer);
        return offer.Pulling = PullAsync(offer, before);
    }

    private async ValueTask AheadAsync()
    {
        Task<RemotePage?>? ahead = offering;
        offering = null;
        try
        {
            await (ahead ?? Task.FromResult<RemotePage?>(null));
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
        }
    }

    private Task CloseAsync() => unreachable ? Task.CompletedTask : cursor.CloseAsync();

    // The next page is asked for while this one is still on its way, so that its server fills it meanwhile.
    private Task<RemotePage?> AskAfterAsync(RemotePage before) => AskAsync(pull: true, before.Arrived.Task);

    // Runs on the context of whoever asked for the page before, one at a time.
    private async Task<RemotePage?> AskAsync(bool pull, Task? before = null)
    {
        try
        {
            RemotePage? offer = await RetryAsync(cursor.AskAsync, IsTransient);
            if (cursor.End is not null)
            {
                ended = true;
                lastOffer = offer ?? loading;
            }

            if (offer is not null && pull)
            {
                _ = Pull(offer, before);
            }
            else if (offer is null && loading is null)
            {
                closed = CloseAsync(); // else when the page before is here: closing would cancel its pull
            }

            return offer;
        }
        catch (ChronoLogException exception)
        {
            Fail(exception, cursor.OfferedThrough);
            if (options.ThrowOnFailure)
            {
                throw;
            }

            return null;
        }
    }

    // One page at a time is on its way: two would only slow each other down.
    private async Task<EventRun?> PullAsync(RemotePage offer, Task? before)
    {
        try
        {
            await (before ?? Task.CompletedTask);
            return await PullOrAskAgainAsync(offer) ?? new EventRun([], 0, 0, []);
        }
        catch (ChronoLogException exception)
        {
            Fail(exception, offer.First.EventTime);
            if (options.ThrowOnFailure)
            {
                throw;
            }

            return null;
        }
        finally
        {
            offer.Arrived.TrySetResult(); // also when nothing comes any more: somebody may wait for it
        }
    }

    // Asking again for the same page is idempotent, and a page stays exposed until the one after the next is asked for,
    // so that a torn transfer is simply repeated. What cannot be had from a third process the server gives from its own
    // memory.
    private async ValueTask<EventRun?> PullOrAskAgainAsync(RemotePage offer)
    {
        BulkDescriptor? page = offer.Page;
        bool isAgain = false;
        return await RetryAsync(
            async () =>
            {
                if (isAgain)
                {
                    page = (await cursor.AskAgainAsync(offer, offer.IsForeign))?.Page;
                }

                isAgain = true;
                return page is null ? null : await cursor.PullAsync(offer, page);
            },
            exception => offer.IsForeign || IsTransient(exception));
    }

    private async ValueTask<T> RetryAsync<T>(Func<ValueTask<T>> attempt, Predicate<ChronoLogException> isWorthwhile)
    {
        for (int number = 1; ; number++)
        {
            try
            {
                return await attempt();
            }
            catch (ChronoLogException exception) when (number < options.Attempts && isWorthwhile(exception))
            {
            }
        }
    }

    private static bool IsTransient(ChronoLogException exception) =>
        exception.Status is Status.TimedOut or Status.Corrupt or Status.NoSpace;

    private void Fail(ChronoLogException exception, ulong from)
    {
        if (cursor.IsByArrival)
        {
            from -= from % GranuleMax; // what is missing may have any tick of the granule
        }

        ended = true;
        unreachable = exception.Status is Status.NoConnection or Status.TimedOut;
        if (broken?.StartTime <= from)
        {
            return; // the page before failed too, after this one had been asked for
        }

        broken = new Gap
        {
            StartTime = Math.Max(from, request.StartTime),
            EndTime = request.EndTime,
            Reason = $"{Name} failed in the middle of a read: {exception.Message}",
        };
    }
}

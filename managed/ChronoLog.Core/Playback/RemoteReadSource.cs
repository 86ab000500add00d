using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// Reads another process's cursor page by page, one page ahead: read.open, then for each page read.next_page and one
/// pull by RMA, at last read.close. The pulled image is not trusted: it is validated, and must continue the order.
/// </summary>
/// <remarks>
/// While nobody asks for the next page (a slow reader, or a merge that is still in an earlier tier), the page asked for
/// last is asked for again once per third of the server's lease: by the protocol that changes nothing but the lease.
/// </remarks>
public sealed class RemoteReadSource : IReadSource
{
    // A dead server must not hold up the closing of a replay; a live one answers a close within a round trip.
    private static readonly TimeSpan CloseDeadline = TimeSpan.FromSeconds(1);

    private readonly IRpcChannel channel;
    private readonly IBulkEndpoint bulk;
    private readonly RemoteReadOptions options;
    private readonly OpenReadRequest request;
    private readonly CancellationTokenSource closing = new();
    private readonly List<Gap> gaps = [];
    private readonly ulong cursor;
    private ulong nextSequence;
    private EventSequence last;
    private bool anyRead;
    private bool ended;
    private bool unreachable;
    private Task<EventRun?>? ahead;
    private Task? closed;

    private RemoteReadSource(
        IRpcChannel channel, IBulkEndpoint bulk, OpenReadRequest request, OpenReadReply opened, RemoteReadOptions options)
    {
        this.channel = channel;
        this.bulk = bulk;
        this.request = request;
        this.options = options;
        cursor = opened.Cursor;
        Name = options.Name ?? channel.Endpoint;
        EventEstimate = opened.EventEstimate;
        Watermark = opened.Watermark;
        gaps.AddRange(opened.Gaps);
    }

    public string Name { get; }

    public ulong EventEstimate { get; }

    /// <summary>ChronoTick below which the set of events is complete, as the server stated it last; 0 = unknown.</summary>
    public ulong Watermark { get; private set; }

    /// <summary>Gaps that the server stated, final at the end, and the one that a failure of this source made.</summary>
    public IReadOnlyList<Gap> Gaps => gaps;

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
        request = WithPagesThatFit(request, bulk.SlabBytesMax);
        OpenReadReply opened = await channel.CallAsync(Methods.OpenRead, request, options.OpenDeadline, cancellation);
        var source = new RemoteReadSource(channel, bulk, request, opened, options);
        source.ahead = source.FetchAsync();
        if (opened.LeaseMilliseconds > 0)
        {
            _ = source.KeepAliveAsync(timers, TimeSpan.FromMilliseconds(Math.Max(opened.LeaseMilliseconds / 3, 1)));
        }

        return source;
    }

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        if (ahead is null)
        {
            return null;
        }

        EventRun? run = await ahead.WaitAsync(cancellation);
        ahead = ended ? null : FetchAsync();
        return run;
    }

    /// <summary>Closes the server's cursor (best effort, bounded) and gives the pages back.</summary>
    public async ValueTask DisposeAsync()
    {
        closing.Cancel(); // the synchronous form: the other one goes through the thread pool
        if (ahead is not null)
        {
            try
            {
                (await ahead)?.Release();
            }
            catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
            {
            }

            ahead = null;
        }

        await (closed ??= CloseAsync());
    }

    private static OpenReadRequest WithPagesThatFit(OpenReadRequest request, int slabBytesMax)
    {
        uint wish = request.PageBytes == 0 ? ReadServiceOptions.PageBytesDefault : request.PageBytes;
        return wish <= slabBytesMax ? request : new OpenReadRequest(request) { PageBytes = (uint)slabBytesMax };
    }

    // Gives null only at the end. Runs on the context of whoever asked for the page before, one at a time.
    private async Task<EventRun?> FetchAsync()
    {
        try
        {
            while (!ended)
            {
                EventRun? run = await FetchWithRetryAsync();
                if (run is not null)
                {
                    return run;
                }
            }

            return null;
        }
        catch (ChronoLogException exception) when (!options.ThrowOnFailure)
        {
            ended = true;
            unreachable = exception.Status is Status.NoConnection or Status.TimedOut;
            gaps.Add(new Gap
            {
                StartTime = anyRead ? Math.Max(last.EventTime, request.StartTime) : request.StartTime,
                EndTime = request.EndTime,
                Reason = $"{Name} failed in the middle of a read: {exception.Message}",
            });
            return null;
        }
        catch (ChronoLogException)
        {
            ended = true;
            throw;
        }
    }

    // Asking again for the same page is idempotent and a page stays exposed until the next one is asked for, so that
    // a lost reply or a torn transfer is simply repeated.
    private async ValueTask<EventRun?> FetchWithRetryAsync()
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                EventRun? run = await FetchPageAsync(nextSequence);
                nextSequence++;
                if (ended)
                {
                    closed = CloseAsync();
                }

                return run;
            }
            catch (ChronoLogException exception)
                when (attempt < options.Attempts && exception.Status is Status.TimedOut or Status.Corrupt or Status.NoSpace)
            {
            }
        }
    }

    private async ValueTask<EventRun?> FetchPageAsync(ulong sequence)
    {
        NextPageReply reply = await channel.CallAsync(
            Methods.NextPage,
            new NextPageRequest { Cursor = cursor, PageSequence = sequence },
            options.PageDeadline,
            closing.Token);
        EventRun? run = reply.Page is null ? null : await PullAsync(reply.Page);
        if (run is null && !reply.End)
        {
            throw new ChronoLogException(Status.Corrupt, $"{Name} answered with a page without events before the end");
        }

        Watermark = Math.Max(Watermark, reply.Watermark);
        if (reply.End)
        {
            gaps.Clear();
            gaps.AddRange(reply.Gaps);
            ended = true;
        }

        return run;
    }

    private async ValueTask<EventRun?> PullAsync(BulkDescriptor page)
    {
        if (page.Length > int.MaxValue)
        {
            throw new ChronoLogException(Status.Corrupt, $"{Name} offered a page of {page.Length} bytes");
        }

        Slab slab = await bulk.RentAsync((int)page.Length, closing.Token);
        try
        {
            await bulk.PullAsync(page, slab, closing.Token);
            EventRun run = ColumnImage.ToRun(slab, (int)page.Length, out ColumnImageHeader header);
            return Continues(run, header.StoryId) ? run : null;
        }
        finally
        {
            slab.Release();
        }
    }

    // A run out of order would break the merge of every other source too.
    private bool Continues(EventRun run, ulong storyId)
    {
        if (run.Count == 0)
        {
            run.Release();
            return false;
        }

        EventSequence first = run.First;
        EventSequence runLast = run.Last;
        bool inRange = first.EventTime >= request.StartTime && runLast.EventTime < request.EndTime;
        if (!inRange || (anyRead && first < last) || storyId != request.Story.StoryId)
        {
            run.Release();
            throw new ChronoLogException(
                Status.Corrupt,
                $"{Name} sent a page that does not continue the read of story {request.Story.StoryId}: it is of story {storyId} "
                + $"and begins at {first.EventTime}, the page before ended at {last.EventTime}");
        }

        last = runLast;
        anyRead = true;
        return true;
    }

    private async Task KeepAliveAsync(ITimers timers, TimeSpan period)
    {
        try
        {
            while (true)
            {
                await timers.Delay(period, closing.Token);
                ulong asked = Volatile.Read(ref nextSequence);
                if (asked > 0 && !await RenewAsync(asked - 1))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    // False when the cursor has gone. Failures are not reported here: whoever asks for the next page will meet them.
    private async ValueTask<bool> RenewAsync(ulong sequence)
    {
        var renewal = new NextPageRequest { Cursor = cursor, PageSequence = sequence };
        try
        {
            await channel.CallAsync(Methods.NextPage, renewal, options.PageDeadline, closing.Token);
            return true;
        }
        catch (ChronoLogException exception)
        {
            return exception.Status != Status.NotExist;
        }
    }

    private async Task CloseAsync()
    {
        closing.Cancel(); // the synchronous form: the other one goes through the thread pool
        if (unreachable)
        {
            return;
        }

        try
        {
            await channel.CallAsync(Methods.CloseRead, new CloseReadRequest { Cursor = cursor }, CloseDeadline);
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            // The lease closes it.
        }
    }
}

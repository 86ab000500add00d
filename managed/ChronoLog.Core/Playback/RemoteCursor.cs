using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// The protocol with one cursor at another process: asks for pages, pulls them, keeps the lease alive, closes. What
/// comes is not trusted: it must continue the order, and be what was announced.
/// </summary>
internal sealed class RemoteCursor
{
    // A dead server must not hold up the closing of a replay; a live one answers a close within a round trip.
    private static readonly TimeSpan CloseDeadline = TimeSpan.FromSeconds(1);

    private readonly IRpcChannel channel;
    private readonly IBulkEndpoint bulk;
    private readonly RemoteReadOptions options;
    private readonly OpenReadRequest request;
    private readonly CancellationTokenSource closing = new();
    private readonly ulong number;
    private readonly string name;
    private ulong asked;
    private EventSequence last;
    private bool anyOffered;

    public RemoteCursor(
        IRpcChannel channel, IBulkEndpoint bulk, OpenReadRequest request, OpenReadReply opened, RemoteReadOptions options)
    {
        this.channel = channel;
        this.bulk = bulk;
        this.request = request;
        this.options = options;
        number = opened.Cursor;
        name = options.Name ?? channel.Endpoint;
        Watermark = opened.Watermark;
        Gaps = opened.Gaps;
    }

    /// <summary>As the server stated it last.</summary>
    public ulong Watermark { get; private set; }

    /// <summary>Set with the last page, or with the end that came without one.</summary>
    public NextPageReply? End { get; private set; }

    /// <summary>All that the server has stated in any answer: answers may come in another order than they were given.</summary>
    public IReadOnlyList<Gap> Gaps { get; private set; }

    /// <summary>Within a granule events come in the order of their arrival.</summary>
    public bool IsByArrival { get; private set; }

    /// <summary>ChronoTick through which pages were offered.</summary>
    public ulong OfferedThrough => anyOffered ? last.EventTime : request.StartTime;

    /// <summary>
    /// Asks for the next page, which gives the one before the one asked for last back. Null: the end, without a page.
    /// </summary>
    public async ValueTask<RemotePage?> AskAsync()
    {
        NextPageReply reply = await AskAsync(asked, ownMemory: false);
        IsByArrival |= reply.ByArrival;
        RemotePage? offer = Offer(asked, reply);
        if (offer is null && !reply.End)
        {
            throw Corrupt("answered with a page without events before the end");
        }

        if (offer is not null)
        {
            CheckOrder(offer, reply.ByArrival && options.AcceptsByArrival);
            last = offer.Last;
            anyOffered = true;
        }

        Volatile.Write(ref asked, asked + 1);
        End = reply.End ? reply : null;
        return offer;
    }

    /// <summary>
    /// Asks once more for a page that was asked for last, or before the last one. Null: the server lost it.
    /// </summary>
    /// <param name="offer">As it was offered first.</param>
    /// <param name="ownMemory">It cannot be pulled from where it lies: the server shall offer it from its memory.</param>
    public async ValueTask<RemotePage?> AskAgainAsync(RemotePage offer, bool ownMemory) =>
        Offer(offer.Number, await AskAsync(offer.Number, ownMemory));

    /// <summary>Pulls a page; the caller releases the run.</summary>
    /// <param name="offer">As it was offered first.</param>
    /// <param name="page">Where it lies now.</param>
    public async ValueTask<EventRun> PullAsync(RemotePage offer, BulkDescriptor page)
    {
        if (page.Length > int.MaxValue)
        {
            throw Corrupt($"offered a page of {page.Length} bytes");
        }

        Slab slab = await bulk.RentAsync((int)page.Length, closing.Token);
        try
        {
            await bulk.PullAsync(page, slab, closing.Token, () => offer.Arrived.TrySetResult());
            EventRun run = ColumnImage.ToRun(
                slab, (int)page.Length, out ColumnImageHeader header, options.AcceptsByArrival);
            CheckContent(run, header, offer);
            return run;
        }
        finally
        {
            slab.Release();
        }
    }

    /// <summary>
    /// Until the cursor is closed, asks for the page asked for last again once in a while: by the protocol that changes
    /// nothing but the lease.
    /// </summary>
    public async Task KeepAliveAsync(ITimers timers, TimeSpan period)
    {
        try
        {
            while (true)
            {
                await timers.Delay(period, closing.Token);
                ulong sequence = Volatile.Read(ref asked);
                if (sequence > 0 && !await RenewAsync(sequence - 1))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Ends whatever is under way.</summary>
    public void Cancel() => closing.Cancel(); // the synchronous form: the other one goes through the thread pool

    /// <summary>Closes the server's cursor: best effort, bounded.</summary>
    public async Task CloseAsync()
    {
        Cancel();
        try
        {
            await channel.CallAsync(Methods.CloseRead, new CloseReadRequest { Cursor = number }, CloseDeadline);
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            // The lease closes it.
        }
    }

    private async ValueTask<NextPageReply> AskAsync(ulong sequence, bool ownMemory)
    {
        NextPageReply reply = await channel.CallAsync(
            Methods.NextPage,
            new NextPageRequest { Cursor = number, PageSequence = sequence, OwnMemory = ownMemory },
            options.PageDeadline,
            closing.Token);
        Watermark = Math.Max(Watermark, reply.Watermark);
        if (!reply.Gaps.All(Gaps.Contains))
        {
            Gaps = [.. Gaps.Union(reply.Gaps)];
        }

        return reply;
    }

    private RemotePage? Offer(ulong sequence, NextPageReply reply)
    {
        if (reply.Page is null)
        {
            return null;
        }

        if (reply.EventCount is 0 or > int.MaxValue || reply.First is null || reply.Last is null)
        {
            throw Corrupt("offered a page without saying what is in it");
        }

        return new RemotePage(
            sequence, reply.Page, reply.Foreign, (int)reply.EventCount, Sequence(reply.First), Sequence(reply.Last));
    }

    private static EventSequence Sequence(EventIdentity identity) =>
        new(identity.EventTime, identity.ClientId, identity.EventIndex);

    // A page out of order would break the merge of every other source too.
    private void CheckOrder(RemotePage offer, bool isByArrival)
    {
        bool inRange = offer.First.EventTime >= request.StartTime && offer.Last.EventTime < request.EndTime;
        bool isBehind = offer.Last >= offer.First && (!anyOffered || offer.First >= last);
        if (!inRange || !(isBehind || isByArrival))
        {
            throw Corrupt(
                $"sent a page that does not continue the read of story {request.Story.StoryId}: it goes from "
                + $"{offer.First} to {offer.Last}, the page before ended at {last}");
        }
    }

    private void CheckContent(EventRun run, in ColumnImageHeader header, RemotePage offer)
    {
        ulong storyId = header.StoryId;
        if (header.IsStamped == request.WithArrivals
            && run.Count == offer.Count && run.First == offer.First && run.Last == offer.Last
            && storyId == request.Story.StoryId)
        {
            return;
        }

        string found = run.Count == 0 ? "no events" : $"{run.Count} events from {run.First} to {run.Last}";
        run.Release();
        throw Corrupt(
            $"offered a page of {offer.Count} events from {offer.First} to {offer.Last} of story "
            + $"{request.Story.StoryId}, and it holds {found} of story {storyId}");
    }

    // False when the cursor has gone. Failures are not reported here: whoever asks for the next page will meet them.
    private async ValueTask<bool> RenewAsync(ulong sequence)
    {
        var renewal = new NextPageRequest { Cursor = number, PageSequence = sequence };
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

    private ChronoLogException Corrupt(string what) => new(Status.Corrupt, $"{name} {what}");
}

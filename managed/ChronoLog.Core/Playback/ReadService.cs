using ChronoLog.Core.Agents;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// Serves read.open, read.next_page and read.close: a table of cursors, each a merge of the sources of one plan, handed
/// out as pages (ColumnImages in slabs) of which one per cursor is exposed at a time. Lives on the role's strand; pages
/// are filled on the fillers.
/// </summary>
public sealed class ReadService
{
    private readonly ReadServiceOptions options;
    private readonly ITimers timers;
    private readonly IBulkEndpoint bulk;
    private readonly Func<OpenReadRequest, CancellationToken, ValueTask<ReadPlan>> plan;
    private readonly IReadOnlyList<Strand> fillers;
    private readonly CursorTable table;
    private int nextFiller;
    private bool stopped;
    private bool sweeping;
    private CancellationTokenSource sweep = new();
    private ReadStatistics statistics;

    /// <param name="options">Limits.</param>
    /// <param name="timers">For leases.</param>
    /// <param name="bulk">Gives and exposes the pages' memory.</param>
    /// <param name="plan">Called on the role's strand for every OpenRead of a range that is not empty.</param>
    /// <param name="fillers">
    /// Strands on which pages are filled, each cursor on one of them; none: on the strand of the role, with a yield after
    /// every few thousand events.
    /// </param>
    public ReadService(
        ReadServiceOptions options,
        ITimers timers,
        IBulkEndpoint bulk,
        Func<OpenReadRequest, CancellationToken, ValueTask<ReadPlan>> plan,
        IReadOnlyList<Strand>? fillers = null)
    {
        this.options = options;
        this.timers = timers;
        this.bulk = bulk;
        this.plan = plan;
        this.fillers = fillers ?? [];

        // Numbers continue above those of an earlier process of this name, whose readers must not meet a stranger's cursor.
        table = new CursorTable(options, (ulong)Math.Max(timers.MonotonicNanoseconds, 0));
    }

    /// <summary>What was served so far.</summary>
    public ReadStatistics Statistics => statistics with { CursorsOpen = table.Count };

    /// <summary>Registers the three methods; before the server's Start.</summary>
    public void Register(IRpcServer server)
    {
        server.Handle(Methods.OpenRead, OpenAsync);
        server.Handle(Methods.NextPage, NextPageAsync);
        server.Handle(Methods.CloseRead, CloseAsync);
    }

    /// <summary>Closes every cursor and refuses new ones. On the role's strand.</summary>
    public async ValueTask StopAsync()
    {
        stopped = true;
        sweep.Cancel();
        await Task.WhenAll(table.RemoveAll().ConvertAll(static entry => CloseAsync(entry.Cursor)));
    }

    private async ValueTask<OpenReadReply> OpenAsync(OpenReadRequest request, RpcContext call)
    {
        Check(request);
        using CursorTable.Reservation reservation = table.Reserve(request.ClientId);
        ReadPlan made = request.StartTime < request.EndTime ? await plan(request, call.Deadline) : ReadPlan.Empty();
        if (stopped || call.Deadline.IsCancellationRequested)
        {
            await made.DisposeAsync();
            throw new ChronoLogException(Status.Cancelled, $"{options.Server} stopped, or the caller's deadline passed");
        }

        Strand? strand = fillers.Count == 0 ? null : fillers[nextFiller++ % fillers.Count];
        var context = new ReadCursorContext(bulk, timers, options, request, PageBytes(request.PageBytes), strand);
        var cursor = new ReadCursor(context, made);
        ulong number = table.Add(reservation, cursor, timers.MonotonicNanoseconds);
        statistics = statistics with { CursorsOpened = statistics.CursorsOpened + 1 };
        BeginSweep();
        await RunOn(cursor, () =>
        {
            cursor.Start();
            return ValueTask.FromResult(true);
        });
        OpenReadReply reply = Opened(number, made);
        if (request.CountBefore)
        {
            reply.CountedBefore = true;
            reply.Before.Add(made.Before.ToMessages());
        }

        return reply;
    }

    private OpenReadReply Opened(ulong number, ReadPlan made)
    {
        var reply = new OpenReadReply
        {
            Cursor = number,
            Watermark = made.Watermark,
            LeaseMilliseconds = (uint)Math.Clamp(options.Lease.TotalMilliseconds, 1, uint.MaxValue),
        };
        reply.Gaps.Add(made.Gaps);
        foreach (IReadSource source in made.Sources)
        {
            reply.EventEstimate += source.EventEstimate;
        }

        return reply;
    }

    private async ValueTask<NextPageReply> NextPageAsync(NextPageRequest request, RpcContext call)
    {
        CursorTable.Entry entry = table.Find(request.Cursor) ?? throw NotOpen(request.Cursor);
        entry.Calls++;
        try
        {
            ReadCursor cursor = entry.Cursor;
            NextPageReply reply = await RunOn(cursor, () => PageAsync(cursor, request, call.Deadline));
            Account(entry, request.PageSequence, reply);
            return reply;
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            throw new ChronoLogException(
                Status.Cancelled, $"page {request.PageSequence} of cursor {request.Cursor} was cancelled", exception);
        }
        finally
        {
            entry.Calls--;
            entry.LastCall = timers.MonotonicNanoseconds;
        }
    }

    private static async ValueTask<NextPageReply> PageAsync(
        ReadCursor cursor, NextPageRequest request, CancellationToken cancellation)
    {
        ReadPage page = await cursor.PageAsync(request.PageSequence, request.OwnMemory, cancellation);
        var reply = new NextPageReply
        {
            Page = page.Descriptor,
            Foreign = page.Passed is not null,
            End = page.End,
            EventCount = (uint)page.Count,
            ByArrival = cursor.IsByArrival,
            Watermark = cursor.Watermark,
        };
        if (page.Count > 0)
        {
            reply.First = Identity(page.First);
            reply.Last = Identity(page.Last);
        }

        // With every page: a read that breaks off has no end to learn them from.
        reply.Gaps.Add(cursor.Gaps);
        return reply;
    }

    private static EventIdentity Identity(EventSequence sequence) => new()
    {
        EventTime = sequence.EventTime,
        ClientId = sequence.ClientId,
        EventIndex = sequence.EventIndex,
    };

    private void Account(CursorTable.Entry entry, ulong sequence, NextPageReply reply)
    {
        if (sequence < entry.PagesServed)
        {
            return; // asked for again
        }

        entry.PagesServed = sequence + 1;
        long conflicts = entry.Cursor.Conflicts;
        long newConflicts = conflicts - entry.Conflicts;
        entry.Conflicts = conflicts;
        statistics = statistics with
        {
            Conflicts = statistics.Conflicts + newConflicts,
            PagesServed = statistics.PagesServed + 1,
            PagesPassed = statistics.PagesPassed + (reply.Foreign ? 1 : 0),
            BytesServed = statistics.BytesServed + (reply.Page?.Length ?? 0),
            EventsServed = statistics.EventsServed + reply.EventCount,
        };
    }

    // Closing a cursor that is not open is no error: the lease may have been faster.
    private async ValueTask<Empty> CloseAsync(CloseReadRequest request, RpcContext call)
    {
        CursorTable.Entry? entry = table.Remove(request.Cursor);
        if (entry is not null)
        {
            await CloseAsync(entry.Cursor);
        }

        return new Empty();
    }

    private static async Task CloseAsync(ReadCursor cursor)
    {
        cursor.Cancel();
        await RunOn(cursor, async () =>
        {
            await cursor.CloseAsync();
            return true;
        });
    }

    private static ValueTask<T> RunOn<T>(ReadCursor cursor, Func<ValueTask<T>> function) =>
        cursor.Strand is null ? function() : new ValueTask<T>(cursor.Strand.InvokeAsync(function));

    // Runs only while cursors are open, so that an idle process has no timer.
    private async void BeginSweep()
    {
        if (sweeping)
        {
            return;
        }

        sweeping = true;
        try
        {
            while (table.Count > 0 && !stopped)
            {
                await timers.Delay(options.Lease / 4, sweep.Token);
                long oldest = timers.MonotonicNanoseconds - (long)options.Lease.TotalNanoseconds;
                await Task.WhenAll(table.RemoveIdle(oldest).ConvertAll(static entry => CloseAsync(entry.Cursor)));
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            sweeping = false;
        }
    }

    private void Check(OpenReadRequest request)
    {
        if (stopped)
        {
            throw new ChronoLogException(Status.Cancelled, $"{options.Server} is stopping");
        }

        if (request.Story is null || request.Story.StoryId == 0)
        {
            throw new ChronoLogException(Status.InvalidArgument, $"{options.Server} was asked to read without a story");
        }
    }

    private int PageBytes(uint wish)
    {
        int bytes = wish == 0
            ? ReadServiceOptions.PageBytesDefault
            : (int)Math.Clamp(wish, ReadServiceOptions.PageBytesMin, ReadServiceOptions.PageBytesMax);
        return Math.Min(bytes, bulk.SlabBytesMax);
    }

    private ChronoLogException NotOpen(ulong cursor) => new(
        Status.NotExist,
        $"cursor {cursor} is not open at {options.Server}: it was closed, nobody asked for it for "
        + $"{options.Lease.TotalSeconds:0.#} s, or the process was restarted; open the read again");
}

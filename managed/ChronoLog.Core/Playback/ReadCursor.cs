using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// One open read: merges the sources of its plan into pages, at most three of which exist at a time: the one that the
/// reader pulls, the one that it verifies meanwhile, and the one prepared. Pages that need no merging may be passed on
/// from where they lie; nothing is prepared then, because asking their source for more would take them away from the
/// reader. Lives on its filler's strand, except where a member says otherwise.
/// </summary>
internal sealed class ReadCursor
{
    // Entries that the merge gives per step: 4096 × 32 bytes stay within L2 while their records are measured and copied.
    private const int MergeBlock = 4096;

    // After that many steps (about 65,000 events, 1 ms) the strand's other work gets its turn.
    private const int StepsPerTurn = 16;

    private readonly ReadCursorContext context;
    private readonly ReadPlan plan;
    private readonly SourceMerge merge;
    private readonly PageEntries entries;
    private readonly ColumnImageFlags flags;
    private readonly CancellationTokenSource closing = new();
    private ulong eventsLeft;
    private bool exhausted;
    private bool closed;
    private ChronoLogException? broken;
    private ulong nextSequence;
    private ReadPage? previous;
    private ReadPage? current;
    private PassedPage? passed;
    private Task<ReadPage?>? preparing;
    private Task<ReadPage>? bringing;
    private ulong bringingSequence;

    /// <param name="context">What the cursor uses.</param>
    /// <param name="plan">The cursor disposes its sources.</param>
    public ReadCursor(ReadCursorContext context, ReadPlan plan)
    {
        this.context = context;
        this.plan = plan;
        merge = new SourceMerge(
            plan, context.PassesPages ? context.Bulk.Provider : null, context.PageBytes, context.WithArrivals);
        entries = new PageEntries(context.PageBytes, context.WithArrivals, plan.IsByArrival);
        flags = (context.WithArrivals ? ColumnImageFlags.Stamped : ColumnImageFlags.None)
            | (plan.IsByArrival ? ColumnImageFlags.ByArrival : ColumnImageFlags.None);
        eventsLeft = context.EventLimit == 0 ? ulong.MaxValue : context.EventLimit;
    }

    /// <summary>The strand that the cursor lives on; null = its owner's.</summary>
    public Strand? Strand => context.Strand;

    public ulong ClientId => context.ClientId;

    public ulong Watermark => plan.Watermark;

    /// <summary>See <see cref="ReadPlan.IsByArrival"/>.</summary>
    public bool IsByArrival => plan.IsByArrival;

    /// <summary>Events dropped so far because another one of other bytes has their EventSequence.</summary>
    public long Conflicts => merge.Conflicts;

    /// <summary>Known gaps; final at the end.</summary>
    public IEnumerable<Gap> Gaps => merge.Gaps;

    /// <summary>Begins to fill the first page.</summary>
    public void Start() => preparing = PrepareAsync();

    /// <summary>
    /// The page of this number: one of the two given out last again, or the next one, which withdraws the older of them. Ends
    /// early when <paramref name="cancellation"/> fires; the page is still filled, and can be asked for again.
    /// </summary>
    /// <param name="sequence">From 0.</param>
    /// <param name="ownMemory">The reader cannot pull it from where it lies.</param>
    /// <param name="cancellation">Of the wait.</param>
    public async ValueTask<ReadPage> PageAsync(ulong sequence, bool ownMemory, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        if (sequence == nextSequence)
        {
            return await AdvanceAsync(sequence, cancellation);
        }

        ReadPage page = GivenOut(sequence) ?? throw new ChronoLogException(
            Status.InvalidArgument,
            $"page {sequence} cannot be had: the next one is {nextSequence}, and only the two before it can be asked for again");
        return ownMemory && page.Passed is not null ? await BroughtAsync(page, sequence, cancellation) : page;
    }

    private ReadPage? GivenOut(ulong sequence) =>
        sequence + 1 == nextSequence ? current : sequence + 2 == nextSequence ? previous : null;

    private async ValueTask<ReadPage> AdvanceAsync(ulong sequence, CancellationToken cancellation)
    {
        await BringingEndedAsync(cancellation);
        bool ended = current is { End: true };
        previous?.Withdraw();
        previous = null;
        ReadPage page = ended ? ReadPage.Empty(end: true) : await PreparedAsync(cancellation);
        if (closed)
        {
            throw new OperationCanceledException("the cursor was closed");
        }

        if (nextSequence != sequence)
        {
            return await PageAsync(sequence, ownMemory: false, cancellation); // another call for it was faster
        }

        page.Expose(context.Bulk);
        previous = current; // its reader may find it damaged, and read it again
        current = page;
        nextSequence++;
        preparing = page.End || page.Passed is not null ? null : PrepareAsync();
        return page;
    }

    // Several calls for it share one transfer; one for the other page waits until it is over.
    private async ValueTask<ReadPage> BroughtAsync(ReadPage page, ulong sequence, CancellationToken cancellation)
    {
        if (bringing is { IsCompleted: false } under)
        {
            if (bringingSequence == sequence)
            {
                return await under.WaitAsync(cancellation);
            }

            await BringingEndedAsync(cancellation);
            return await PageAsync(sequence, ownMemory: true, cancellation);
        }

        bringingSequence = sequence;
        bringing = BringAsync(page, sequence);
        return await bringing.WaitAsync(cancellation);
    }

    // Loads a page that had been passed on, and puts it into this process's memory in its place.
    private async Task<ReadPage> BringAsync(ReadPage page, ulong sequence)
    {
        EventRun? run = await merge.BringAsync(page.Passed!, closing.Token);
        try
        {
            ReadPage own = run is null || run.Count == 0
                ? ReadPage.Empty(end: false) // lost: the source says so in its gaps
                : await CopyAsync(run, sequence);
            own.Expose(context.Bulk);
            if (ReferenceEquals(page, previous))
            {
                previous = own;
            }
            else
            {
                current = own;
            }

            return own;
        }
        finally
        {
            run?.Release();
        }
    }

    private async ValueTask<ReadPage> CopyAsync(EventRun run, ulong sequence)
    {
        int length = checked((int)ColumnImage.RequiredBytes(run.Count, context.RecordBytes(run)));
        Slab slab = await context.RentAsync(length, closing.Token);
        return Write(slab, length, new PageContent(run.Entries, context.RecordBytes(run)), sequence, end: false);
    }

    private async ValueTask BringingEndedAsync(CancellationToken cancellation)
    {
        while (bringing is { IsCompleted: false } under)
        {
            try
            {
                await under.WaitAsync(cancellation);
            }
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                // Was reported to whoever asked for it.
            }
        }
    }

    /// <summary>Stops whatever the cursor waits for. From any thread; <see cref="CloseAsync"/> must follow.</summary>
    public void Cancel() => closing.Cancel();

    /// <summary>Withdraws the pages and closes the sources.</summary>
    public async ValueTask CloseAsync()
    {
        if (closed)
        {
            return;
        }

        closed = true;
        closing.Cancel();
        await BringingEndedAsync(CancellationToken.None);
        try
        {
            ReadPage? prepared = preparing is null ? null : await preparing;
            prepared?.Withdraw();
        }
        catch (Exception)
        {
            // Was or would have been reported to whoever asked for the page.
        }

        previous?.Withdraw();
        current?.Withdraw();
        previous = current = null;
        merge.Dispose();
        entries.Dispose();
        await plan.DisposeAsync();
    }

    // A page that could not be written for lack of memory is tried again when it is asked for: its entries are still here.
    private async ValueTask<ReadPage> PreparedAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (preparing is null || (preparing.IsCompleted && !HasPage(preparing)))
            {
                preparing = FillAsync(wait: true);
            }

            Task<ReadPage?> awaited = preparing;
            ReadPage? page = await awaited.WaitAsync(cancellation);
            if (page is not null)
            {
                return page;
            }
        }
    }

    private static bool HasPage(Task<ReadPage?> task) => task.IsCompletedSuccessfully && task.Result is not null;

    // The answer with the page before it goes out first: filling takes longer than the strand's other work may wait.
    private async Task<ReadPage?> PrepareAsync()
    {
        await Task.Yield();
        return await FillAsync(wait: false);
    }

    // Null when memory was short and it was not to be waited for.
    private async Task<ReadPage?> FillAsync(bool wait)
    {
        if (broken is not null)
        {
            throw new ChronoLogException(broken.Status, broken.Message, broken);
        }

        try
        {
            await CollectAsync();
        }
        catch (ChronoLogException exception)
        {
            broken = exception; // a source failed in the middle: what would come after has a hole
            throw;
        }

        return await WriteAsync(wait);
    }

    private async ValueTask CollectAsync()
    {
        int steps = 0;
        while (!entries.IsFull && !exhausted && passed is null)
        {
            await StepAsync();
            if (++steps % StepsPerTurn == 0)
            {
                await Task.Yield();
            }
        }

        entries.Limit(eventsLeft);
    }

    private async ValueTask StepAsync()
    {
        closing.Token.ThrowIfCancellationRequested();
        ulong left = eventsLeft - Math.Min(eventsLeft, (ulong)entries.Count);
        passed = await merge.StepAsync(entries, MergeBlock, left, closing.Token);
        exhausted = merge.AtEnd;
        if ((ulong)entries.Page.Length >= eventsLeft)
        {
            exhausted = true;
            merge.StateGapsBefore(entries.Page[(int)eventsLeft - 1].EventTime);
        }
    }

    private async ValueTask<ReadPage?> WriteAsync(bool wait)
    {
        closing.Token.ThrowIfCancellationRequested();
        if (!entries.Page.IsEmpty)
        {
            return await WriteEntriesAsync(wait);
        }

        return passed?.Offer switch
        {
            null => ReadPage.Empty(end: true),
            ColumnPage page => await CopyAsync(page.Columns, wait),
            RemotePage page => PassedOn(ReadPage.At(passed, page)),
            _ => throw new InvalidOperationException($"a page of an unknown kind was to go out: {passed.Offer}"),
        };
    }

    private async ValueTask<ReadPage?> WriteEntriesAsync(bool wait)
    {
        int length = new PageContent(entries.Page, entries.RecordBytes).ImageLength;
        Slab? slab = await RentAsync(length, wait);
        if (slab is null)
        {
            return null;
        }

        ulong left = eventsLeft - (ulong)entries.Page.Length;
        bool isLast = left == 0 || (exhausted && entries.Count == entries.Page.Length);
        var content = new PageContent(entries.Page, entries.RecordBytes);
        ReadPage page = Write(slab, length, content, nextSequence, isLast);
        eventsLeft = left;
        entries.Written();
        return page;
    }

    private async ValueTask<ReadPage?> CopyAsync(ColumnSlice columns, bool wait)
    {
        int length = new PageContent(columns).ImageLength;
        Slab? slab = await RentAsync(length, wait);
        return slab is null
            ? null
            : PassedOn(Write(slab, length, new PageContent(columns), nextSequence, end: false));
    }

    private async ValueTask<Slab?> RentAsync(int length, bool wait) =>
        context.Bulk.TryRent(length) ?? (wait ? await context.RentAsync(length, closing.Token) : null);

    private ReadPage PassedOn(ReadPage page)
    {
        passed = null;
        eventsLeft -= (ulong)page.Count;
        if (eventsLeft == 0)
        {
            exhausted = true;
            merge.StateGapsBefore(page.Last.EventTime);
        }

        return page;
    }

    private ReadPage Write(
        Slab slab, int length, in PageContent content, ulong sequence, bool end)
    {
        try
        {
            var header = new ColumnImageHeader(
                context.StoryId, context.StartTime, context.EndTime, flags, Sequence: sequence, Watermark: plan.Watermark);
            Span<byte> image = slab.Span[..length];
            content.Write(image, header);
            return ReadPage.In(slab, length, Crc32C.Compute(image), content, end);
        }
        catch
        {
            slab.Release();
            throw;
        }
    }
}

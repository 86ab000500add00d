using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// One open read: merges the sources of its plan into pages, at most two of which exist at a time: the one that the reader
/// pulls and the one prepared meanwhile. Lives on its filler's strand, except where a member says otherwise.
/// </summary>
internal sealed class ReadCursor
{
    // Entries that the merge gives per step: 4096 × 32 bytes stay within L2 while their records are measured and copied.
    private const int MergeBlock = 4096;

    // After that many steps (about 65,000 events, 1 ms) the strand's other work gets its turn.
    private const int StepsPerTurn = 16;

    private readonly ReadCursorContext context;
    private readonly ReadPlan plan;
    private readonly StreamingMerge merge;
    private readonly PageEntries entries;
    private readonly ColumnPageWriter writer = new();
    private readonly List<Gap> gaps;
    private readonly HashSet<int> endedSources = [];
    private readonly CancellationTokenSource closing = new();
    private ulong eventsLeft;
    private bool exhausted;
    private bool closed;
    private ChronoLogException? broken;
    private ulong nextSequence;
    private ReadPage? current;
    private Task<ReadPage?>? preparing;

    /// <param name="context">What the cursor uses.</param>
    /// <param name="plan">The cursor disposes its sources.</param>
    public ReadCursor(ReadCursorContext context, ReadPlan plan)
    {
        this.context = context;
        this.plan = plan;
        merge = new StreamingMerge(plan.Sources.Count);
        entries = new PageEntries(context.PageBytes);
        gaps = [.. plan.Gaps];
        eventsLeft = context.EventLimit == 0 ? ulong.MaxValue : context.EventLimit;
    }

    /// <summary>The strand that the cursor lives on; null = its owner's.</summary>
    public Strand? Strand => context.Strand;

    public ulong ClientId => context.ClientId;

    public ulong Watermark => plan.Watermark;

    /// <summary>Known gaps; final at the end.</summary>
    public IReadOnlyList<Gap> Gaps => gaps;

    /// <summary>Begins to fill the first page.</summary>
    public void Start() => preparing = FillAsync(wait: false);

    /// <summary>
    /// The page of this number: the current one again, or the next one, which withdraws the current one. Ends early when
    /// <paramref name="cancellation"/> fires; the page is still filled, and can be asked for again.
    /// </summary>
    public async ValueTask<ReadPage> PageAsync(ulong sequence, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        if (current is not null && sequence + 1 == nextSequence)
        {
            return current;
        }

        if (sequence != nextSequence)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"page {sequence} cannot be had: the next one is {nextSequence}, and only the one before it can be asked for again");
        }

        return await AdvanceAsync(sequence, cancellation);
    }

    private async ValueTask<ReadPage> AdvanceAsync(ulong sequence, CancellationToken cancellation)
    {
        bool ended = current is { End: true };
        current?.Withdraw();
        current = null;
        ReadPage page = ended ? new ReadPage(null, 0, 0, 0, end: true) : await PreparedAsync(cancellation);
        if (closed)
        {
            throw new OperationCanceledException("the cursor was closed");
        }

        if (nextSequence != sequence)
        {
            return await PageAsync(sequence, cancellation); // another call for the same page was faster
        }

        page.Expose(context.Bulk);
        current = page;
        nextSequence++;
        preparing = page.End ? null : FillAsync(wait: false);
        return page;
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
        try
        {
            ReadPage? prepared = preparing is null ? null : await preparing;
            prepared?.Withdraw();
        }
        catch (Exception)
        {
            // Was or would have been reported to whoever asked for the page.
        }

        current?.Withdraw();
        current = null;
        merge.Dispose();
        entries.Dispose();
        writer.Dispose();
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
        while (!entries.IsFull && !exhausted)
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
        if (merge.NeedsInput(out int source))
        {
            await FeedAsync(source);
        }
        else if (merge.AtEnd)
        {
            exhausted = true;
        }
        else
        {
            entries.Added(merge.Read(entries.Room(MergeBlock)[..MergeBlock]));
            exhausted = (ulong)entries.Page.Length >= eventsLeft;
            if (exhausted)
            {
                StateGapsBefore(entries.Page[(int)eventsLeft - 1].EventTime);
            }
        }
    }

    // The limit ends the read before its sources end: what may be missing before the last event is stated all the same.
    private void StateGapsBefore(ulong last)
    {
        for (int source = 0; source < plan.Sources.Count; source++)
        {
            if (!endedSources.Contains(source))
            {
                gaps.AddRange(plan.Sources[source].Gaps.Where(gap => gap.StartTime <= last));
            }
        }
    }

    private async ValueTask FeedAsync(int source)
    {
        EventRun? run = await plan.Sources[source].NextAsync(closing.Token);
        if (run is null)
        {
            gaps.AddRange(plan.Sources[source].Gaps);
            endedSources.Add(source);
            merge.End(source);
            return;
        }

        if (run.Count == 0)
        {
            run.Release();
            return;
        }

        entries.Hold(run);
        merge.Feed(source, run);
    }

    private async ValueTask<ReadPage?> WriteAsync(bool wait)
    {
        closing.Token.ThrowIfCancellationRequested();
        if (entries.Page.IsEmpty)
        {
            return new ReadPage(null, 0, 0, 0, end: true);
        }

        int length = checked((int)entries.ImageBytes);
        Slab? slab = context.Bulk.TryRent(length) ?? (wait ? await context.RentAsync(length, closing.Token) : null);
        if (slab is null)
        {
            return null;
        }

        var header = new ColumnImageHeader(
            context.StoryId, context.StartTime, context.EndTime, Sequence: nextSequence, Watermark: plan.Watermark);
        return Write(slab, length, header);
    }

    private ReadPage Write(Slab slab, int length, in ColumnImageHeader header)
    {
        try
        {
            Span<byte> image = slab.Span[..length];
            int count = entries.Page.Length;
            int taken = writer.Add(image, entries.Page);
            int written = taken == count ? writer.Finish(image, header) : 0;
            if (written != length)
            {
                throw new InvalidOperationException($"a page of {count} events took {taken} in {written} of {length} bytes");
            }

            eventsLeft -= (ulong)count;
            entries.Written();
            bool end = eventsLeft == 0 || (exhausted && entries.IsEmpty);
            return new ReadPage(slab, length, Crc32C.Compute(image), count, end);
        }
        catch
        {
            slab.Release();
            throw;
        }
    }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>What a cursor was opened with.</summary>
internal sealed record ReadCursorContext(
    IBulkEndpoint Bulk, ITimers Timers, ReadServiceOptions Options, OpenReadRequest Request, int PageBytes, Strand? Strand)
{
    public ulong StoryId { get; } = Request.Story.StoryId;

    public ulong ClientId { get; } = Request.ClientId;

    public ulong StartTime { get; } = Request.StartTime;

    public ulong EndTime { get; } = Request.EndTime;

    public ulong EventLimit { get; } = Request.EventLimit;

    /// <summary>Records are preceded by arrival stamps.</summary>
    public bool WithArrivals { get; } = Request.WithArrivals;

    /// <summary>Bytes of records in an image of such events.</summary>
    public long RecordBytes(EventRun run) =>
        run.RecordBytes + (WithArrivals ? (long)EventEntry.StampLength * run.Count : 0);

    /// <summary>The reader can pull pages that lie in other processes.</summary>
    public bool PassesPages { get; } = Request.AcceptsForeignPages;

    /// <summary>Waits for slab memory, but not forever: cursors that wait for each other's memory would otherwise stay.</summary>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.NoSpace"/>; <see cref="Status.LimitExceeded"/>: no slab is so large.
    /// </exception>
    public async ValueTask<Slab> RentAsync(int length, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task guard = CancelLaterAsync(limit);
        try
        {
            return await Bulk.RentAsync(length, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ChronoLogException(
                Status.NoSpace,
                $"{Options.Server} found no memory for a page of {length} bytes within {Options.SlabWait.TotalSeconds:0.#} s: "
                + $"{Bulk.BytesRented} of {Bulk.BytesBudget} bytes are rented; ask again, read with smaller pages, or raise the budget");
        }
        finally
        {
            limit.Cancel();
            await guard;
        }
    }

    // Not Task.WhenAny over the delay: its completion may take a detour through the thread pool, off the strand.
    private async Task CancelLaterAsync(CancellationTokenSource limit)
    {
        try
        {
            await Timers.Delay(Options.SlabWait, limit.Token);
            limit.Cancel();
        }
        catch (OperationCanceledException)
        {
        }
    }
}

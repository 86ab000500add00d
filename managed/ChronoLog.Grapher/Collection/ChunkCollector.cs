using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Grapher.Collection;

/// <summary>
/// First stage: takes announcements and pulls their images, a bounded number at once, each only when the memory budget
/// and the slab pool have room for it: the storage side sets the pace. Its streams are loops on the role's strand,
/// since a pull costs the processor nothing.
/// </summary>
internal sealed class ChunkCollector(
    IBulkEndpoint bulk,
    HeldMemory memory,
    BoundedQueue<PulledImage> building,
    int announcementsMax,
    GrapherStatistics statistics)
{
    private readonly BoundedQueue<PullRequest> queue =
        new(announcementsMax, long.MaxValue, static _ => 0, static request => request.IsPriority);

    /// <summary>Announcements that wait.</summary>
    public int Waiting => queue.Count;

    /// <summary>Pulls under way, waiting for memory included.</summary>
    public int Active { get; private set; }

    /// <exception cref="ChronoLogException"><see cref="Status.LimitExceeded"/>: too many wait already.</exception>
    public void Submit(PullRequest request)
    {
        if (!queue.TryEnqueue(request))
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"{request.Describe()} was not taken: {announcementsMax} announcements wait already; "
                + "announce it again later");
        }
    }

    /// <summary>One stream.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                PullRequest request = await queue.DequeueAsync(stop);
                Active++;
                await CollectAsync(request, stop);
                Active--;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async ValueTask CollectAsync(PullRequest request, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(request.Deadline, stop);
        PulledImage? image = null;
        try
        {
            image = await PullAsync(request, ended.Token);
            await building.EnqueueAsync(image, stop);
        }
        catch (OperationCanceledException)
        {
            Discard(image);
            request.Fail(new ChronoLogException(
                Status.Cancelled, $"{request.Describe()}: the sender stopped waiting, or this process stops"));
        }
        catch (Exception exception)
        {
            Discard(image);
            statistics.PullFailures++;
            request.Fail(exception);
        }
    }

    private async ValueTask<PulledImage> PullAsync(PullRequest request, CancellationToken cancellation)
    {
        await memory.AcquireAsync(request.HeldBytes, cancellation);
        Slab? slab = null;
        try
        {
            BulkDescriptor image = request.Announcement.Image;
            slab = await bulk.RentAsync((int)image.Length, cancellation);
            await bulk.PullAsync(image, slab, cancellation);
            statistics.PulledChunks++;
            statistics.PulledBytes += image.Length;
            return new PulledImage(request, slab);
        }
        catch
        {
            slab?.Release();
            memory.Release(request.HeldBytes);
            throw;
        }
    }

    private void Discard(PulledImage? image)
    {
        if (image is not null)
        {
            image.Slab.Release();
            memory.Release(image.Request.HeldBytes);
        }
    }
}

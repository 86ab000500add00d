using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Collection;

namespace ChronoLog.Grapher.Building;

/// <summary>
/// Second stage: checks pulled images against their announcements, decides where they stay, and makes runs of them. Its
/// streams are loops on strands of their own, since parsing and copying take processor time; only the last
/// step, adding a run to its pipeline, is the role's, so that it can't fall between the extraction of a chunk
/// and the note of what was in it.
/// </summary>
internal sealed class StoryBuilder(
    IBulkEndpoint bulk,
    HeldMemory memory,
    BoundedQueue<PulledImage> queue,
    ulong chunkDuration,
    Strand role,
    Action<BuiltRun> ingest)
{
    /// <summary>One stream; runs on its own strand.</summary>
    public async ValueTask RunAsync(CancellationToken stop)
    {
        while (true)
        {
            PulledImage image;
            try
            {
                image = await queue.DequeueAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await BuildAsync(image);
        }
    }

    private async ValueTask BuildAsync(PulledImage image)
    {
        BuiltRun? built = null;
        try
        {
            built = Build(image);
            await role.InvokeAsync(() =>
            {
                BuiltRun handedOver = built;
                built = null;
                ingest(handedOver);
                return ValueTask.CompletedTask;
            });
            image.Request.Succeed();
        }
        catch (Exception exception)
        {
            built?.Run.Release();
            image.Request.Fail(exception);
        }
    }

    private BuiltRun Build(PulledImage image)
    {
        PullRequest request = image.Request;
        HeldBlock block = Hold(image);
        EventRun? run = null;
        try
        {
            run = ColumnImage.ToRun(block, (int)request.Announcement.Image.Length, out ColumnImageHeader header);
            CheckHeader(request, header);
            return new BuiltRun(request, run, Divide(request, run));
        }
        catch
        {
            run?.Release();
            throw;
        }
        finally
        {
            block.Release();
        }
    }

    private IReadOnlyList<PieceSpan> Divide(PullRequest request, EventRun run)
    {
        AnnounceChunkRequest announced = request.Announcement;
        if (!announced.Import)
        {
            return PieceSpan.Divide(run, chunkDuration);
        }

        bool isInside = run.Entries[0].EventTime >= announced.StartTime && run.Entries[^1].EventTime < announced.EndTime;
        return isInside
            ? [new PieceSpan(announced.StartTime, run.Count)]
            : throw new ChronoLogException(
                Status.Corrupt, $"{request.Describe()}: it holds events from {run.Entries[0].EventTime} to "
                + $"{run.Entries[^1].EventTime}");
    }

    private HeldBlock Hold(PulledImage image)
    {
        try
        {
            return new HeldBlock(Keep(image), memory, image.Request.HeldBytes);
        }
        catch
        {
            image.Slab.Release();
            memory.Release(image.Request.HeldBytes);
            throw;
        }
    }

    /// <summary>
    /// The slab itself holds the events from now on if the image fills at least half of it and more than half of the
    /// registered memory stays free. Otherwise the image is copied into ordinary memory: the pool is small (registered
    /// memory is pinned), pulls and the pages of warm reads need it all the time, and events stay for a whole
    /// acceptance window. The copy runs at memory speed, far above any link's.
    /// </summary>
    private PayloadBlock Keep(PulledImage image)
    {
        int length = (int)image.Request.Announcement.Image.Length;
        if (length >= image.Slab.Length / 2 && bulk.BytesRented <= bulk.BytesBudget / 2)
        {
            return image.Slab;
        }

        var copy = new UnmanagedBlock(length);
        image.Slab.Span[..length].CopyTo(copy.Span);
        image.Slab.Release();
        return copy;
    }

    private static void CheckHeader(PullRequest request, in ColumnImageHeader header)
    {
        AnnounceChunkRequest announced = request.Announcement;
        bool agrees = header.StoryId == announced.Story.StoryId
            && header.StartTime == announced.StartTime
            && header.EndTime == announced.EndTime
            && header.Count == announced.EventCount
            && header.ProcessId == request.Key.ProcessId
            && header.Epoch == request.Key.Epoch
            && header.Sequence == request.Key.Sequence;
        if (!agrees)
        {
            throw new ChronoLogException(
                Status.Corrupt,
                $"{request.Describe()}: the image says that it is chunk {header.Sequence} of process "
                + $"{header.ProcessId}, [{header.StartTime}, {header.EndTime}) of story {header.StoryId} with "
                + $"{header.Count} events");
        }
    }
}

using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher.Watermarks;

/// <summary>
/// Keeps each story's "everything below is archived" in the store, behind the archiving and never before it: one story
/// at a time, at most once per period and story. On the role's strand.
/// </summary>
internal sealed class WatermarkRecorder(
    IWatermarkStore? store, StoryTable stories, ITimers timers, GrapherOptions options, ILogger logger)
{
    private Task writing = Task.CompletedTask;

    /// <summary>Writes that failed; each is repeated.</summary>
    public long Failures { get; private set; }

    /// <summary>What an earlier process wrote; 0 = unknown.</summary>
    public ulong Read(StoryDescriptor story) => store?.Read(story) ?? 0;

    /// <summary>Until the process stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (store is not null)
            {
                await timers.Delay(options.WatermarkPeriod, stop);
                foreach (GrapherStory story in stories.All.Where(IsDue))
                {
                    stop.ThrowIfCancellationRequested();
                    await WriteAsync(story);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>For an orderly stop: whatever is newer than the store.</summary>
    public async ValueTask WriteAllAsync()
    {
        foreach (GrapherStory story in stories.All.Where(story => store is not null && HasChanged(story)))
        {
            await WriteAsync(story);
        }
    }

    /// <summary>Waits for a write under way: nothing may be written into what is about to be destroyed.</summary>
    public async ValueTask SettleAsync() => await writing;

    // One that everything was archived of is written when that progresses; one whose clock alone goes on, seldom; and
    // one of which an event came for below what is written (late, or announced again), at once.
    private bool IsDue(GrapherStory story)
    {
        if (!HasChanged(story))
        {
            return false;
        }

        long waited = timers.MonotonicNanoseconds - story.Recorded.At;
        return story.ArchivedThrough < story.Recorded.Through || story.Recorded.IsBehindArchive
            || waited >= (long)options.IdleWatermarkPeriod.TotalNanoseconds;
    }

    private bool HasChanged(GrapherStory story) =>
        !story.IsDestroyed && Through(story) is > 0 and var through && through != story.Recorded.Through;

    private ulong Through(GrapherStory story) =>
        options.RecordsWatermarkEarly ? story.Watermark : story.ArchivedThrough;

    private async ValueTask WriteAsync(GrapherStory story)
    {
        while (!writing.IsCompleted)
        {
            await writing; // the loop's and the stop's
        }

        if (!HasChanged(story))
        {
            return; // destroyed meanwhile
        }

        ulong through = Through(story);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        writing = done.Task;
        try
        {
            story.Recorded.Begin(timers.MonotonicNanoseconds);
            if (await store!.WriteAsync(story.Descriptor, through))
            {
                story.Recorded.Through = through;
            }
        }
        catch (Exception exception)
        {
            story.Recorded.IsBehindArchive = true;
            Failures++;
            logger.LogWarning(
                "{Name}: the watermark of {Chronicle}/{Story} was not written and is tried again: {Reason}",
                options.Name, story.Descriptor.Chronicle, story.Descriptor.Story, exception.Message);
        }
        finally
        {
            done.SetResult();
        }
    }
}

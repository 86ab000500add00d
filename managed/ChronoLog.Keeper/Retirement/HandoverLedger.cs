using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Keeper.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Retirement;

/// <summary>
/// The retired chunks of this Keeper, from retirement to the *archived* notice. Feeds the extraction queue, repeats
/// what failed, for ever, and lets go of a chunk, and so of its journal segments, only when it is archived. On the
/// role's strand.
/// </summary>
public sealed class HandoverLedger
{
    private readonly KeeperOptions options;
    private readonly ExtractionModule extraction;
    private readonly ITimers timers;
    private readonly ILogger logger;
    private readonly bool awaitsNotice;
    private readonly Dictionary<(ulong ProcessId, ulong Epoch, ulong Sequence), RetainedChunk> chunks = [];
    private readonly PriorityLanes<ExtractionJob> feed = new();
    private readonly CancellationTokenSource stop = new();
    private ulong lastSequence;
    private bool isFeeding;
    private ulong grapherEpoch;

    public HandoverLedger(KeeperOptions options, ExtractionModule extraction, ITimers timers, ILogger logger)
    {
        this.options = options;
        this.extraction = extraction;
        this.timers = timers;
        this.logger = logger;
        awaitsNotice = options.AwaitsArchivedNotice
            ?? extraction.Chain.Any(extractor => extractor is RdmaExtractor);
    }

    /// <summary>Chunks that are not archived.</summary>
    public int Count => chunks.Count;

    /// <summary>Number of the chunk that was retired last; 0: none.</summary>
    public ulong LastSequence => lastSequence;

    /// <summary>Chunks that the Grapher has not taken.</summary>
    public int Waiting => chunks.Values.Count(chunk => chunk.State != RetainedState.HandedOver);

    /// <summary>Announcements that failed, and were or will be repeated.</summary>
    public long Failures { get; private set; }

    /// <summary>Events so far that came after their chunk's window had passed.</summary>
    public long LateEvents { get; private set; }

    /// <summary>What is not archived, for people: "3 chunks with 120 events of stories a/b, c/d".</summary>
    public string Describe()
    {
        const int NamesMax = 5; // a log line is no list of a thousand stories
        string[] stories =
            [.. chunks.Values.Select(chunk => chunk.Story.Name).Distinct().Order(StringComparer.Ordinal)];
        string names = string.Join(", ", stories.Take(NamesMax));
        string more = stories.Length > NamesMax ? $" and {stories.Length - NamesMax} more" : "";
        return $"{chunks.Count} chunks with {chunks.Values.Sum(chunk => chunk.Chunk.EventCount)} events"
            + (stories.Length == 0 ? "" : $" of stories {names}{more}");
    }

    /// <summary>Takes over a chunk that left its pipeline.</summary>
    /// <param name="story">Its story.</param>
    /// <param name="chunk">The ledger owns it from now on.</param>
    /// <param name="processId">This process.</param>
    /// <param name="epoch">Of this process.</param>
    public void Add(KeeperStory story, StoryChunk chunk, ulong processId, ulong epoch)
    {
        var identity = new PartialIdentity { ProcessId = processId, Epoch = epoch, Sequence = ++lastSequence };
        var retained = new RetainedChunk(story, chunk, identity);
        chunks.Add(Key(identity), retained);
        LateEvents += chunk.IsLate ? chunk.EventCount : 0;
        story.Retained.Add(retained);
        AnnounceIfNamed(retained);
    }

    /// <summary>The Visor has named the story: what waited for that goes out.</summary>
    public void AnnounceNamed(KeeperStory story)
    {
        foreach (RetainedChunk chunk in story.Retained)
        {
            AnnounceIfNamed(chunk);
        }
    }

    /// <summary>An extraction stream is through with a chunk.</summary>
    public ValueTask CompletedAsync(ExtractionOutcome outcome)
    {
        if (!chunks.TryGetValue(Key(outcome.Chunk.Identity), out RetainedChunk? chunk))
        {
            return default;
        }

        if (chunk.IsFinished || outcome.IsArchived || (outcome.Succeeded && !awaitsNotice))
        {
            Release(chunk);
        }
        else if (outcome.Succeeded && outcome.ReceiverEpoch != 0 && outcome.ReceiverEpoch < grapherEpoch)
        {
            // The old Grapher's answer came after the news of the new one.
            _ = RepeatAsync(chunk, outcome.Job with { Attempt = outcome.Job.Attempt + 1 });
        }
        else if (outcome.Succeeded)
        {
            chunk.State = RetainedState.HandedOver;
            chunk.HandedOverTo = outcome.ReceiverEpoch;
            chunk.HandedOverAt = timers.MonotonicNanoseconds;
        }
        else
        {
            Failures++;
            Report(outcome);
            _ = RepeatAsync(chunk, outcome.Retry());
        }

        return default;
    }

    /// <summary>
    /// The Grapher has these partial chunks in a synced StoryFile. Unknown ones were released before.
    /// </summary>
    public void Archived(IEnumerable<PartialIdentity> partials)
    {
        foreach (PartialIdentity partial in partials)
        {
            if (chunks.TryGetValue(Key(partial), out RetainedChunk? chunk))
            {
                Finish(chunk);
            }
        }
    }

    /// <summary>The story was destroyed: its chunks go.</summary>
    public void Drop(KeeperStory story)
    {
        foreach (RetainedChunk chunk in story.Retained.ToArray())
        {
            Finish(chunk);
        }
    }

    /// <summary>The Grapher is another one now: what the old one had not archived is gone with it.</summary>
    /// <param name="epoch">The new one's.</param>
    public void AnnounceAllAgain(ulong epoch)
    {
        grapherEpoch = epoch;
        foreach (RetainedChunk chunk in chunks.Values)
        {
            if (chunk.HandedOverTo != epoch || epoch == 0)
            {
                AnnounceAgain(chunk);
            }
        }
    }

    /// <summary>Announces once more what should have been archived long ago: the notice may have been lost.</summary>
    public void AnnounceOverdue()
    {
        long limit = timers.MonotonicNanoseconds - (long)options.AnnounceAgainAfter.TotalNanoseconds;
        foreach (RetainedChunk chunk in chunks.Values)
        {
            if (chunk.HandedOverAt < limit)
            {
                AnnounceAgain(chunk);
            }
        }
    }

    /// <summary>Ends the feeding and the retries. The chunks stay.</summary>
    public void Stop() => stop.Cancel();

    private static (ulong, ulong, ulong) Key(PartialIdentity identity) =>
        (identity.ProcessId, identity.Epoch, identity.Sequence);

    private void AnnounceIfNamed(RetainedChunk chunk)
    {
        if (chunk.State == RetainedState.Unnamed && chunk.Story.Descriptor is { } descriptor)
        {
            Announce(chunk, descriptor);
        }
    }

    private void AnnounceAgain(RetainedChunk chunk)
    {
        if (chunk.State == RetainedState.HandedOver && chunk.Story.Descriptor is { } descriptor)
        {
            Announce(chunk, descriptor);
        }
    }

    private void Announce(RetainedChunk chunk, StoryDescriptor descriptor)
    {
        chunk.State = RetainedState.Announcing;
        Feed(new ExtractionJob(new RetiredChunk(
            descriptor, chunk.Chunk, chunk.Identity, Complete: false, MergedFrom: [], Supplementary: false)));
    }

    private void Feed(ExtractionJob job)
    {
        feed.Add(job, job.Chunk.IsPriority);
        if (!isFeeding)
        {
            isFeeding = true;
            _ = FeedAsync();
        }
    }

    private async Task FeedAsync()
    {
        try
        {
            while (feed.TryTake(out ExtractionJob? job))
            {
                if (!TryReleaseFinished(job))
                {
                    await extraction.Queue.EnqueueAsync(job, stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            isFeeding = false;
        }
    }

    // The notice may have come while the job waited here: then nobody reads the chunk, and nobody needs to.
    private bool TryReleaseFinished(ExtractionJob job)
    {
        if (chunks.TryGetValue(Key(job.Chunk.Identity), out RetainedChunk? chunk) && !chunk.IsFinished)
        {
            return false;
        }

        if (chunk is not null)
        {
            Release(chunk);
        }

        return true;
    }

    private async Task RepeatAsync(RetainedChunk chunk, ExtractionJob next)
    {
        try
        {
            await timers.Delay(options.Backoff.After(next.Attempt - 1), stop.Token);
            if (chunk.IsFinished)
            {
                Release(chunk);
            }
            else
            {
                Feed(next);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    // Extraction streams read the chunk without a reference of their own: while one may, it is only marked.
    private void Finish(RetainedChunk chunk)
    {
        if (chunk.State == RetainedState.Announcing)
        {
            chunk.IsFinished = true;
        }
        else
        {
            Release(chunk);
        }
    }

    private void Release(RetainedChunk chunk)
    {
        if (chunks.Remove(Key(chunk.Identity)))
        {
            chunk.Story.Retained.Remove(chunk);
            chunk.Chunk.Release();
        }
    }

    // The first failure of a chunk and then every tenth: an absent Grapher is no reason to fill a disk.
    private void Report(ExtractionOutcome outcome)
    {
        if (outcome.Job.Attempt % 10 == 1)
        {
            logger.LogWarning(
                "{Name}: chunk [{Start}, {End}) of story {Chronicle}/{Story} could not be handed over (attempt "
                + "{Attempt}): {Reason}; it is announced again until it is taken",
                options.Name, outcome.Chunk.Chunk.StartTime, outcome.Chunk.Chunk.EndTime,
                outcome.Chunk.Story.Chronicle, outcome.Chunk.Story.Story, outcome.Job.Attempt,
                outcome.Failures[0].Error.Message);
        }
    }
}

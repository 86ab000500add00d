using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Grapher.Notices;
using ChronoLog.Grapher.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher.Writing;

/// <summary>
/// Third stage: gives retired chunks to the extraction module, retries those extractors that failed until they succeed,
/// and books what is archived. A chunk stays readable here until the Player knows its StoryFile. On the role's strand.
/// </summary>
internal sealed class StoryWriter(
    ExtractionModule extraction,
    PartialLedger ledger,
    PlayerNotices player,
    RegistryClient registry,
    ITimers timers,
    RetryBackoff backoff,
    GrapherStatistics statistics,
    ILogger logger,
    CancellationToken stop)
{
    private readonly Dictionary<ulong, PendingChunk> unarchived = [];
    private ulong sequence;

    /// <summary>Told of each chunk that is in a StoryFile.</summary>
    public Action<ulong, StoryChunk>? ChunkArchived { get; init; }

    /// <summary>Retired chunks that are not archived.</summary>
    public int Unarchived => unarchived.Count;

    /// <summary>Why a chunk is not archived that was tried; null when none is.</summary>
    public string? Trouble => unarchived.Values.FirstOrDefault(static chunk => chunk.Failure is not null)?.Failure;

    /// <summary>Takes over a chunk that left its pipeline, and has it extracted.</summary>
    /// <param name="story">Its story.</param>
    /// <param name="chunk">Its events.</param>
    /// <param name="drained">Below this tick every Keeper has handed over everything.</param>
    public void Write(GrapherStory story, StoryChunk chunk, ulong drained) =>
        Write(story, chunk, TakePieces(story, chunk), !chunk.IsLate && drained >= chunk.EndTime, isImport: false);

    /// <summary>Takes over historical events, which are archived as they are.</summary>
    public void WriteImport(GrapherStory story, StoryChunk chunk, OpenPiece piece) =>
        Write(story, chunk, [piece], isComplete: false, isImport: true);

    private void Write(
        GrapherStory story, StoryChunk chunk, IReadOnlyList<OpenPiece> pieces, bool isComplete, bool isImport)
    {
        var identity = new PartialIdentity
        {
            ProcessId = registry.ProcessId,
            Epoch = registry.Identity.Epoch,
            Sequence = ++sequence,
        };
        var retired = new RetiredChunk(
            story.Descriptor, chunk, identity, isComplete, MergedFrom(pieces, identity), chunk.IsLate)
        {
            LateEvents = pieces.Sum(static piece => (long)piece.Late),
            IsImport = isImport,
        };
        var pending = new PendingChunk(story, retired, pieces);
        story.Add(pending);
        unarchived.Add(sequence, pending);
        statistics.RetiredChunks++;
        statistics.SupplementaryChunks += chunk.IsLate ? 1 : 0;
        _ = QueueAsync(new ExtractionJob(retired), TimeSpan.Zero); // ends by itself and never fails
    }

    /// <summary>A pass of the chain has ended.</summary>
    public ValueTask CompletedAsync(ExtractionOutcome outcome)
    {
        if (!unarchived.TryGetValue(outcome.Chunk.Identity.Sequence, out PendingChunk? pending))
        {
            return ValueTask.CompletedTask;
        }

        pending.StoryFiles.AddRange(outcome.StoryFiles);
        if (outcome.Succeeded)
        {
            Archived(pending);
        }
        else
        {
            Failed(pending, outcome);
        }

        return ValueTask.CompletedTask;
    }

    private void Failed(PendingChunk pending, ExtractionOutcome outcome)
    {
        statistics.ExtractionFailures++;
        if (pending.Story.IsDestroyed)
        {
            unarchived.Remove(outcome.Chunk.Identity.Sequence);
            pending.Story.Release(pending);
            return;
        }

        pending.Failure = outcome.Failures[0].Error.Message;
        TimeSpan pause = backoff.After(outcome.Job.Attempt);
        foreach (ExtractorFailure failure in outcome.Failures)
        {
            logger.LogError(
                "extractor {Extractor} failed on {Chunk}, attempt {Attempt}; again in {Pause}: {Reason}",
                failure.Extractor, Describe(pending), outcome.Job.Attempt, pause, failure.Error.Message);
        }

        _ = QueueAsync(outcome.Retry(), pause); // ends by itself and never fails
    }

    private void Archived(PendingChunk pending)
    {
        RetiredChunk retired = pending.Retired;
        unarchived.Remove(retired.Identity.Sequence);
        pending.IsArchived = true;
        pending.Story.Recorded.IsBehindArchive = true;
        statistics.ArchivedChunks++;
        statistics.ArchivedEvents += retired.Chunk.EventCount;
        statistics.ArchivedBytes += retired.Chunk.RecordBytes;
        if (pending.Story.IsDestroyed)
        {
            pending.Story.Release(pending);
            return;
        }

        ChunkArchived?.Invoke(pending.Story.Descriptor.StoryId, retired.Chunk);
        string storyFile = pending.StoryFiles.LastOrDefault() ?? "";
        foreach (OpenPiece piece in pending.Pieces)
        {
            ledger.PieceArchived(piece.Partial, storyFile);
        }

        TellPlayer(pending);
    }

    private void TellPlayer(PendingChunk pending)
    {
        int untold = pending.StoryFiles.Count;
        if (untold == 0)
        {
            pending.Story.Release(pending);
        }

        foreach (string path in pending.StoryFiles)
        {
            var notice = new StoryFileNotice { Story = pending.Story.Descriptor, Path = path };
            player.Add(notice, () =>
            {
                if (--untold == 0)
                {
                    pending.Story.Release(pending);
                }
            });
        }
    }

    // What disagrees is archived all the same, but no Keeper is told to delete anything because of it.
    private IReadOnlyList<OpenPiece> TakePieces(GrapherStory story, StoryChunk chunk)
    {
        try
        {
            return story.TakePieces(chunk);
        }
        catch (InvalidOperationException exception)
        {
            logger.LogCritical(exception, "a chunk's books are wrong; its Keepers keep their copies");
            return [];
        }
    }

    // Only those that are wholly in StoryFiles once this chunk is in one: whoever reads the names back from the file
    // after a restart must be able to rely on it. A partial that spans two chunks is named by the one archived last, if
    // by any. A chunk that also holds pieces of others is named itself: an archive that finds the same names in a file
    // of the same range may take the chunk for written already.
    private static List<PartialIdentity> MergedFrom(IReadOnlyList<OpenPiece> pieces, PartialIdentity self)
    {
        var counts = pieces.CountBy(piece => piece.Partial).ToList();
        List<PartialIdentity> names =
        [
            .. counts.Where(count => count.Key.IsWhole && count.Key.OpenPieces == count.Value)
                .Select(count => new PartialIdentity
                {
                    ProcessId = count.Key.Key.ProcessId,
                    Epoch = count.Key.Key.Epoch,
                    Sequence = count.Key.Key.Sequence,
                }),
        ];
        if (names.Count < counts.Count || names.Count == 0)
        {
            names.Add(self);
        }

        return names;
    }

    private static string Describe(PendingChunk pending) =>
        $"chunk [{pending.Retired.Chunk.StartTime}, {pending.Retired.Chunk.EndTime}) of story "
        + $"{pending.Story.Descriptor.Chronicle}/{pending.Story.Descriptor.Story}";

    private async Task QueueAsync(ExtractionJob job, TimeSpan pause)
    {
        try
        {
            if (pause > TimeSpan.Zero)
            {
                await timers.Delay(pause, stop);
            }

            await extraction.Queue.EnqueueAsync(job, stop);
        }
        catch (OperationCanceledException)
        {
        }
    }
}

using ChronoLog.Core.Agents;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Core.Extraction;

/// <summary>
/// Takes chunks from the queue and runs each through the chain, on a number of streams. A failing extractor does not
/// stop the chain; the role is told which failed and decides about a retry.
/// </summary>
/// <remarks>
/// A stream is a loop on a strand of its own, given from outside: in a process each has a thread, because extractors
/// block in file writes; a test pumps them by hand. Chunks of one story may be in several streams at once, so nothing
/// here promises an order among chunks: their names and ranges keep them apart.
/// </remarks>
public sealed class ExtractionModule
{
    private readonly IReadOnlyList<IChunkExtractor> chain;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stop = new();
    private IReadOnlyList<Task> streams = [];
    private int active;

    public ExtractionModule(
        ExtractionSettings settings, ExtractorRegistry registry, ExtractionQueue queue, ILogger logger)
        : this(settings.StreamCount, registry.Build(settings), queue, logger)
    {
    }

    public ExtractionModule(
        int streamCount, IReadOnlyList<IChunkExtractor> chain, ExtractionQueue queue, ILogger logger)
    {
        StreamCount = streamCount;
        this.chain = chain;
        Queue = queue;
        this.logger = logger;
    }

    public int StreamCount { get; }

    public ExtractionQueue Queue { get; }

    public IReadOnlyList<IChunkExtractor> Chain => chain;

    /// <summary>Chunks in the streams now.</summary>
    public int Active => Volatile.Read(ref active);

    /// <summary>Starts the loops.</summary>
    /// <param name="strands">One for each stream.</param>
    /// <param name="role">Where <paramref name="completed"/> runs.</param>
    /// <param name="completed">Called after each pass; a stream goes on when it has returned.</param>
    public void Start(
        IReadOnlyList<Strand> strands, Strand role, Func<ExtractionOutcome, ValueTask> completed)
    {
        if (strands.Count != StreamCount)
        {
            throw new ArgumentException($"{StreamCount} extraction streams need as many strands, not {strands.Count}");
        }

        streams = [.. strands.Select(strand => strand.InvokeAsync(() => RunAsync(role, completed, stop.Token)))];
    }

    /// <summary>
    /// Cancels what runs, completes when every stream has ended, and disposes the extractors; what is
    /// still queued stays there.
    /// </summary>
    public async ValueTask StopAsync()
    {
        stop.Cancel();
        foreach (Task stream in streams)
        {
            await stream; // one by one: WhenAll would leave the strand for a moment
        }

        foreach (IAsyncDisposable extractor in chain.OfType<IAsyncDisposable>())
        {
            await extractor.DisposeAsync();
        }
    }

    private async ValueTask RunAsync(
        Strand role, Func<ExtractionOutcome, ValueTask> completed, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            ExtractionJob job;
            try
            {
                job = await Queue.DequeueAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Interlocked.Increment(ref active);
            ExtractionOutcome outcome = await ExtractAsync(job, cancellation);
            Interlocked.Decrement(ref active);
            await ReportAsync(role, completed, outcome);
        }
    }

    private async ValueTask<ExtractionOutcome> ExtractAsync(ExtractionJob job, CancellationToken cancellation)
    {
        List<string> storyFiles = [];
        List<ExtractorFailure> failures = [];
        bool isArchived = false;
        ulong receiverEpoch = 0;
        foreach (IChunkExtractor extractor in chain)
        {
            if (job.Only is { } only && !only.Contains(extractor.Name))
            {
                continue;
            }

            try
            {
                ExtractionReceipt receipt = await extractor.ExtractAsync(job.Chunk, cancellation);
                isArchived |= receipt.IsArchived;
                receiverEpoch = Math.Max(receiverEpoch, receipt.ReceiverEpoch);
                if (receipt.StoryFile is { } storyFile)
                {
                    storyFiles.Add(storyFile);
                }
            }
            catch (Exception exception)
            {
                failures.Add(new ExtractorFailure(extractor.Name, exception));
            }
        }

        return new ExtractionOutcome(job, storyFiles, failures) { IsArchived = isArchived, ReceiverEpoch = receiverEpoch };
    }

    private async ValueTask ReportAsync(
        Strand role, Func<ExtractionOutcome, ValueTask> completed, ExtractionOutcome outcome)
    {
        try
        {
            await role.InvokeAsync(() => completed(outcome));
        }
        catch (Exception exception)
        {
            // A defect of the role must not end the stream: the other chunks still have to get out.
            logger.LogError(
                exception, "extraction: completion of chunk [{Start}, {End}) of story {Chronicle}/{Story} failed",
                outcome.Chunk.Chunk.StartTime, outcome.Chunk.Chunk.EndTime, outcome.Chunk.Story.Chronicle,
                outcome.Chunk.Story.Story);
        }
    }
}

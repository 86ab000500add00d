using System.Diagnostics.CodeAnalysis;
using ChronoLog.Core.Agents;

namespace ChronoLog.Core.Extraction;

/// <summary>Between a role and its extraction streams; see <see cref="BoundedQueue{T}"/>. Thread-safe.</summary>
/// <param name="countMax">Most chunks that may wait.</param>
/// <param name="bytesMax">Most record bytes that may wait.</param>
public sealed class ExtractionQueue(int countMax, long bytesMax)
{
    private readonly BoundedQueue<ExtractionJob> jobs = new(
        countMax, bytesMax, static job => job.Chunk.Chunk.RecordBytes, static job => job.Chunk.IsPriority);

    /// <summary>Chunks that wait now.</summary>
    public int Count => jobs.Count;

    /// <summary>Record bytes that wait now.</summary>
    public long Bytes => jobs.Bytes;

    /// <inheritdoc cref="TryEnqueue(ExtractionJob)"/>
    public bool TryEnqueue(RetiredChunk chunk) => TryEnqueue(new ExtractionJob(chunk));

    /// <summary>Queues the job, or returns false when the queue is full or somebody waits for room already.</summary>
    public bool TryEnqueue(ExtractionJob job) => jobs.TryEnqueue(job);

    /// <inheritdoc cref="EnqueueAsync(ExtractionJob, CancellationToken)"/>
    public ValueTask EnqueueAsync(RetiredChunk chunk, CancellationToken cancellation = default) =>
        EnqueueAsync(new ExtractionJob(chunk), cancellation);

    /// <summary>Queues the job, waiting for room: priority stories' before others'.</summary>
    public ValueTask EnqueueAsync(ExtractionJob job, CancellationToken cancellation = default) =>
        jobs.EnqueueAsync(job, cancellation);

    /// <summary>Takes the next job if there is one.</summary>
    public bool TryDequeue([NotNullWhen(true)] out ExtractionJob? job) => jobs.TryDequeue(out job);

    /// <summary>Takes the next job, waiting for one.</summary>
    public ValueTask<ExtractionJob> DequeueAsync(CancellationToken cancellation = default) =>
        jobs.DequeueAsync(cancellation);
}

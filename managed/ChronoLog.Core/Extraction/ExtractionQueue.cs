namespace ChronoLog.Core.Extraction;

/// <summary>
/// Between a role and its extraction streams: first in, first out, bounded by count and by record bytes, so that a slow
/// extractor slows the role down instead of filling the memory. A chunk larger than the whole bound passes alone.
/// Thread-safe.
/// </summary>
public sealed class ExtractionQueue
{
    private readonly Lock gate = new();
    private readonly Queue<ExtractionJob> jobs = new();
    private readonly LinkedList<Putter> putters = new();
    private readonly LinkedList<TaskCompletionSource<ExtractionJob>> takers = new();
    private readonly int countMax;
    private readonly long bytesMax;
    private long bytes;

    /// <param name="countMax">Most chunks that may wait.</param>
    /// <param name="bytesMax">Most record bytes that may wait.</param>
    public ExtractionQueue(int countMax, long bytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(countMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesMax);
        this.countMax = countMax;
        this.bytesMax = bytesMax;
    }

    /// <summary>Chunks that wait now.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return jobs.Count;
            }
        }
    }

    /// <summary>Record bytes that wait now.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return bytes;
            }
        }
    }

    /// <inheritdoc cref="TryEnqueue(ExtractionJob)"/>
    public bool TryEnqueue(RetiredChunk chunk) => TryEnqueue(new ExtractionJob(chunk));

    /// <summary>Queues the job, or returns false when the queue is full or somebody waits for room already.</summary>
    public bool TryEnqueue(ExtractionJob job)
    {
        lock (gate)
        {
            if (putters.Count > 0 || !HasRoom(job))
            {
                return false;
            }

            Put(job);
            return true;
        }
    }

    /// <inheritdoc cref="EnqueueAsync(ExtractionJob, CancellationToken)"/>
    public ValueTask EnqueueAsync(RetiredChunk chunk, CancellationToken cancellation = default) =>
        EnqueueAsync(new ExtractionJob(chunk), cancellation);

    /// <summary>Queues the job, waiting for room, first come, first served.</summary>
    public ValueTask EnqueueAsync(ExtractionJob job, CancellationToken cancellation = default)
    {
        lock (gate)
        {
            if (putters.Count == 0 && HasRoom(job))
            {
                Put(job);
                return ValueTask.CompletedTask;
            }

            var putter = new Putter(job, NewCompletion<bool>());
            return new ValueTask(WaitAsync(putters, putters.AddLast(putter), putter.Admitted, cancellation));
        }
    }

    /// <summary>Takes the oldest job if there is one.</summary>
    public bool TryDequeue([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ExtractionJob? job)
    {
        lock (gate)
        {
            if (!jobs.TryDequeue(out job))
            {
                return false;
            }

            bytes -= job.Chunk.Chunk.RecordBytes;
            AdmitPutters();
            return true;
        }
    }

    /// <summary>Takes the oldest job, waiting for one.</summary>
    public ValueTask<ExtractionJob> DequeueAsync(CancellationToken cancellation = default)
    {
        lock (gate)
        {
            if (TryDequeue(out ExtractionJob? job))
            {
                return ValueTask.FromResult(job);
            }

            TaskCompletionSource<ExtractionJob> taker = NewCompletion<ExtractionJob>();
            return new ValueTask<ExtractionJob>(WaitAsync(takers, takers.AddLast(taker), taker, cancellation));
        }
    }

    // Runs continuations on their own strand, never inside the lock.
    private static TaskCompletionSource<T> NewCompletion<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<T> WaitAsync<TNode, T>(
        LinkedList<TNode> list, LinkedListNode<TNode> node, TaskCompletionSource<T> done, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            _ => Cancel(list, node, done, cancellation), null);
        return await done.Task;
    }

    private void Cancel<TNode, T>(
        LinkedList<TNode> list, LinkedListNode<TNode> node, TaskCompletionSource<T> done, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (done.TrySetCanceled(cancellation))
            {
                list.Remove(node);
                AdmitPutters();
            }
        }
    }

    private bool HasRoom(ExtractionJob job) =>
        jobs.Count == 0 || (jobs.Count < countMax && bytes + job.Chunk.Chunk.RecordBytes <= bytesMax);

    private void Put(ExtractionJob job)
    {
        if (takers.First is { } taker)
        {
            takers.RemoveFirst();
            taker.Value.SetResult(job);
            return;
        }

        jobs.Enqueue(job);
        bytes += job.Chunk.Chunk.RecordBytes;
    }

    private void AdmitPutters()
    {
        while (putters.First is { } first && HasRoom(first.Value.Job))
        {
            putters.RemoveFirst();
            Put(first.Value.Job);
            first.Value.Admitted.SetResult(true);
        }
    }

    private sealed record Putter(ExtractionJob Job, TaskCompletionSource<bool> Admitted);
}

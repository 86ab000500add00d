using System.Diagnostics.CodeAnalysis;

namespace ChronoLog.Core.Agents;

/// <summary>
/// Between two stages: first in, first out, bounded by count and by bytes, so that a slow stage slows down the one
/// before it instead of filling the memory. An item larger than the whole bound passes alone. Thread-safe; who waits
/// goes on on its own strand.
/// </summary>
public sealed class BoundedQueue<T>
    where T : class
{
    private readonly Lock gate = new();
    private readonly Queue<T> items = new();
    private readonly LinkedList<Putter> putters = new();
    private readonly LinkedList<TaskCompletionSource<T>> takers = new();
    private readonly int countMax;
    private readonly long bytesMax;
    private readonly Func<T, long> size;
    private long bytes;

    /// <param name="countMax">Most items that may wait.</param>
    /// <param name="bytesMax">Most bytes that may wait.</param>
    /// <param name="size">Bytes of an item; the same whenever asked.</param>
    public BoundedQueue(int countMax, long bytesMax, Func<T, long> size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(countMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesMax);
        this.countMax = countMax;
        this.bytesMax = bytesMax;
        this.size = size;
    }

    /// <summary>Items that wait now.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return items.Count;
            }
        }
    }

    /// <summary>Bytes that wait now.</summary>
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

    /// <summary>Queues the item, or returns false when the queue is full or somebody waits for room already.</summary>
    public bool TryEnqueue(T item)
    {
        lock (gate)
        {
            if (putters.Count > 0 || !HasRoom(item))
            {
                return false;
            }

            Put(item);
            return true;
        }
    }

    /// <summary>Queues the item, waiting for room, first come, first served.</summary>
    public ValueTask EnqueueAsync(T item, CancellationToken cancellation = default)
    {
        lock (gate)
        {
            if (putters.Count == 0 && HasRoom(item))
            {
                Put(item);
                return ValueTask.CompletedTask;
            }

            var putter = new Putter(item, NewCompletion<bool>());
            return new ValueTask(WaitAsync(putters, putters.AddLast(putter), putter.Admitted, cancellation));
        }
    }

    /// <summary>Takes the oldest item if there is one.</summary>
    public bool TryDequeue([NotNullWhen(true)] out T? item)
    {
        lock (gate)
        {
            if (!items.TryDequeue(out item))
            {
                return false;
            }

            bytes -= size(item);
            AdmitPutters();
            return true;
        }
    }

    /// <summary>Takes the oldest item, waiting for one.</summary>
    public ValueTask<T> DequeueAsync(CancellationToken cancellation = default)
    {
        lock (gate)
        {
            if (TryDequeue(out T? item))
            {
                return ValueTask.FromResult(item);
            }

            TaskCompletionSource<T> taker = NewCompletion<T>();
            return new ValueTask<T>(WaitAsync(takers, takers.AddLast(taker), taker, cancellation));
        }
    }

    // Runs continuations on their own strand, never inside the lock.
    private static TaskCompletionSource<TResult> NewCompletion<TResult>() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<TResult> WaitAsync<TNode, TResult>(
        LinkedList<TNode> list,
        LinkedListNode<TNode> node,
        TaskCompletionSource<TResult> done,
        CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            _ => Cancel(list, node, done, cancellation), null);
        return await done.Task;
    }

    private void Cancel<TNode, TResult>(
        LinkedList<TNode> list,
        LinkedListNode<TNode> node,
        TaskCompletionSource<TResult> done,
        CancellationToken cancellation)
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

    private bool HasRoom(T item) => items.Count == 0 || (items.Count < countMax && bytes + size(item) <= bytesMax);

    private void Put(T item)
    {
        if (takers.First is { } taker)
        {
            takers.RemoveFirst();
            taker.Value.SetResult(item);
            return;
        }

        items.Enqueue(item);
        bytes += size(item);
    }

    private void AdmitPutters()
    {
        while (putters.First is { } first && HasRoom(first.Value.Item))
        {
            putters.RemoveFirst();
            Put(first.Value.Item);
            first.Value.Admitted.SetResult(true);
        }
    }

    private sealed record Putter(T Item, TaskCompletionSource<bool> Admitted);
}

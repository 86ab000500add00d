using System.Diagnostics.CodeAnalysis;

namespace ChronoLog.Core.Agents;

/// <summary>
/// Between two stages: first in, first out (items with priority in a lane of their own), bounded by count and by bytes,
/// so that a slow stage slows down the one before it instead of filling the memory. An item larger than the whole bound
/// passes alone. Thread-safe; who waits goes on on its own strand.
/// </summary>
public sealed class BoundedQueue<T>
    where T : class
{
    private readonly Lock gate = new();
    private readonly PriorityLanes<T> items = new();
    private readonly PriorityLanes<Putter> putters = new();
    private readonly LinkedList<TaskCompletionSource<T>> takers = new();
    private readonly int countMax;
    private readonly long bytesMax;
    private readonly Func<T, long> size;
    private readonly Func<T, bool> isPriority;
    private long bytes;

    /// <param name="countMax">Most items that may wait.</param>
    /// <param name="bytesMax">Most bytes that may wait.</param>
    /// <param name="size">Bytes of an item; the same whenever asked.</param>
    /// <param name="isPriority">Items that go before others; null = none. The same whenever asked.</param>
    public BoundedQueue(int countMax, long bytesMax, Func<T, long> size, Func<T, bool>? isPriority = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(countMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesMax);
        this.countMax = countMax;
        this.bytesMax = bytesMax;
        this.size = size;
        this.isPriority = isPriority ?? (static _ => false);
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

    /// <summary>Queues the item, waiting for room: in each lane first come, first served.</summary>
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
            LinkedListNode<Putter> node = putters.Add(putter, isPriority(item));
            return new ValueTask(WaitAsync(node, putter.Admitted, cancellation));
        }
    }

    /// <summary>Takes the next item if there is one.</summary>
    public bool TryDequeue([NotNullWhen(true)] out T? item)
    {
        lock (gate)
        {
            if (!items.TryTake(out item))
            {
                return false;
            }

            bytes -= size(item);
            AdmitPutters();
            return true;
        }
    }

    /// <summary>Takes the next item, waiting for one.</summary>
    public ValueTask<T> DequeueAsync(CancellationToken cancellation = default)
    {
        lock (gate)
        {
            if (TryDequeue(out T? item))
            {
                return ValueTask.FromResult(item);
            }

            TaskCompletionSource<T> taker = NewCompletion<T>();
            return new ValueTask<T>(WaitAsync(takers.AddLast(taker), taker, cancellation));
        }
    }

    // Runs continuations on their own strand, never inside the lock.
    private static TaskCompletionSource<TResult> NewCompletion<TResult>() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<TResult> WaitAsync<TNode, TResult>(
        LinkedListNode<TNode> node,
        TaskCompletionSource<TResult> done,
        CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            _ => Cancel(node, done, cancellation), null);
        return await done.Task;
    }

    private void Cancel<TNode, TResult>(
        LinkedListNode<TNode> node,
        TaskCompletionSource<TResult> done,
        CancellationToken cancellation)
    {
        lock (gate)
        {
            if (done.TrySetCanceled(cancellation))
            {
                PriorityLanes<TNode>.Remove(node);
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

        items.Add(item, isPriority(item));
        bytes += size(item);
    }

    private void AdmitPutters()
    {
        while (putters.TryPeek(out Putter? first) && HasRoom(first.Item))
        {
            putters.TryTake(out _);
            Put(first.Item);
            first.Admitted.SetResult(true);
        }
    }

    private sealed record Putter(T Item, TaskCompletionSource<bool> Admitted);
}

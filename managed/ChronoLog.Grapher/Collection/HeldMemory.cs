namespace ChronoLog.Grapher.Collection;

/// <summary>
/// The byte budget of everything that a Grapher holds; taken before a pull, given back when the block is freed.
/// First come, first served. Thread-safe: a block may be freed by a reader's thread.
/// </summary>
internal sealed class HeldMemory(long bytesMax)
{
    private readonly Lock gate = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Admitted)> waiting = new();
    private long held;

    public long BytesMax => bytesMax;

    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return held;
            }
        }
    }

    /// <summary>Pulls that wait for room.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    /// <summary>
    /// Takes bytes from the budget, waiting for room. More than the whole budget passes when nothing else is held.
    /// </summary>
    public async ValueTask AcquireAsync(long bytes, CancellationToken cancellation)
    {
        LinkedListNode<(long Bytes, TaskCompletionSource Admitted)> node;
        lock (gate)
        {
            if (waiting.Count == 0 && HasRoom(bytes))
            {
                held += bytes;
                return;
            }

            node = waiting.AddLast(
                (bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        using CancellationTokenRegistration registration =
            cancellation.UnsafeRegister(_ => Cancel(node, cancellation), null);
        await node.Value.Admitted.Task;
    }

    public void Release(long bytes)
    {
        lock (gate)
        {
            held -= bytes;
            Admit();
        }
    }

    private bool HasRoom(long bytes) => held == 0 || held + bytes <= bytesMax;

    private void Cancel(
        LinkedListNode<(long Bytes, TaskCompletionSource Admitted)> node, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (node.Value.Admitted.TrySetCanceled(cancellation))
            {
                waiting.Remove(node);
                Admit();
            }
        }
    }

    private void Admit()
    {
        while (waiting.First is { } first && HasRoom(first.Value.Bytes))
        {
            waiting.RemoveFirst();
            held += first.Value.Bytes;
            first.Value.Admitted.SetResult();
        }
    }
}

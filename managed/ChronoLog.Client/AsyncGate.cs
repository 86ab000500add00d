namespace ChronoLog.Client;

/// <summary>
/// Lets one in at a time, first come first served. Unlike a SemaphoreSlim, whose cancellable waits pass through the thread
/// pool, it continues a waiter nowhere but on the context on which it waits.
/// </summary>
internal sealed class AsyncGate
{
    private readonly Queue<(TaskCompletionSource Turn, CancellationTokenRegistration Cancelling)> waiting = new();
    private bool isTaken;

    /// <summary>Completes when the caller is in. To be paired with <see cref="Leave"/>.</summary>
    public Task EnterAsync(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellation);
        }

        lock (waiting)
        {
            if (!isTaken)
            {
                isTaken = true;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            CancellationTokenRegistration cancelling =
                cancellation.UnsafeRegister(_ => turn.TrySetCanceled(cancellation), null);
            waiting.Enqueue((turn, cancelling)); // one that is cancelled stays there: Leave passes over it
            return turn.Task;
        }
    }

    public void Leave()
    {
        lock (waiting)
        {
            while (waiting.TryDequeue(out (TaskCompletionSource Turn, CancellationTokenRegistration Cancelling) next))
            {
                next.Cancelling.Unregister();
                if (next.Turn.TrySetResult())
                {
                    return; // the gate stays taken: it is handed on
                }
            }

            isTaken = false;
        }
    }
}

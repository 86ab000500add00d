using System.Collections.Concurrent;

namespace ChronoLog.Core.Agents;

/// <summary>
/// Runs what is posted to it one after the other, so that the state of whoever lives on it needs no lock: a role's
/// request handlers, timers and continuations all run on the role's strand. It has no thread of its own: a
/// <see cref="StrandThread"/> pumps it in a process, the simulator pumps it on virtual time.
/// </summary>
public sealed class Strand(string name) : SynchronizationContext, IAgent
{
    private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> queue = new();

    public string Name { get; } = name;

    /// <summary>Called after every post, from the posting thread: wakes the pump.</summary>
    public Action? Posted { get; set; }

    /// <summary>
    /// Receives what a posted callback threw and nobody awaited. Without it the exception ends the pump.
    /// </summary>
    public Action<Exception>? Unhandled { get; set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        queue.Enqueue((d, state));
        Posted?.Invoke();
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (Current != this)
        {
            throw new NotSupportedException($"strand '{Name}' does not take synchronous calls from outside");
        }

        d(state);
    }

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs an asynchronous function on the strand and completes when it has.</summary>
    /// <param name="function">Runs on, whatever becomes of the wait.</param>
    /// <param name="abandon">Ends the wait, on the context that waits: nothing passes through the thread pool.</param>
    public Task<T> InvokeAsync<T>(Func<ValueTask<T>> function, CancellationToken abandon = default)
    {
        if (abandon.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(abandon);
        }

        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        CancellationTokenRegistration registration =
            abandon.UnsafeRegister(_ => completion.TrySetCanceled(abandon), null);
        Post(static async state =>
        {
            var (function, completion, registration) =
                ((Func<ValueTask<T>>, TaskCompletionSource<T>, CancellationTokenRegistration))state!;
            try
            {
                completion.TrySetResult(await function());
            }
            catch (Exception exception)
            {
                completion.TrySetException(exception);
            }
            finally
            {
                registration.Unregister();
            }
        }, (function, completion, registration));
        return completion.Task;
    }

    /// <inheritdoc cref="InvokeAsync{T}(Func{ValueTask{T}}, CancellationToken)"/>
    public Task InvokeAsync(Func<ValueTask> function, CancellationToken abandon = default) => InvokeAsync(
        async () =>
        {
            await function();
            return true;
        },
        abandon);

    /// <summary>Runs at most a bounded number of callbacks on the calling thread.</summary>
    public int DoWork()
    {
        const int CallbacksPerCycle = 256;
        return DoWork(CallbacksPerCycle);
    }

    /// <summary>Runs at most so many callbacks: a simulator takes one at a time, to put other strands' in between.</summary>
    public int DoWork(int callbacksMax)
    {
        SynchronizationContext? outer = Current;
        SetSynchronizationContext(this);
        int done = 0;
        try
        {
            while (done < callbacksMax && queue.TryDequeue(out var item))
            {
                done++;
                Run(item.Callback, item.State);
            }
        }
        finally
        {
            SetSynchronizationContext(outer);
        }

        return done;
    }

    private void Run(SendOrPostCallback callback, object? state)
    {
        try
        {
            callback(state);
        }
        catch (Exception exception) when (Unhandled is not null)
        {
            Unhandled(exception);
        }
    }
}

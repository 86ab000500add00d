using ChronoLog.Core.Ports;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>
/// Elapsed time that passes only by <see cref="Advance"/>; delays complete in the order of their due times.
/// </summary>
public sealed class ManualTimers : ITimers
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<TaskCompletionSource, (long Due, long Number)> waiting = new();
    private long now;
    private long number;

    public long MonotonicNanoseconds => Volatile.Read(ref now);

    /// <summary>Delays that are neither due nor cancelled.</summary>
    public int Pending
    {
        get
        {
            lock (gate)
            {
                return waiting.UnorderedItems.Count(item => !item.Element.Task.IsCompleted);
            }
        }
    }

    /// <summary>When the next delay is due, or null.</summary>
    public long? NextDue
    {
        get
        {
            lock (gate)
            {
                DropCompleted();
                return waiting.TryPeek(out _, out (long Due, long) key) ? key.Due : null;
            }
        }
    }

    public Task Delay(TimeSpan duration, CancellationToken cancellation = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (cancellation.IsCancellationRequested)
            {
                done.SetCanceled(cancellation);
                return done.Task;
            }

            long nanoseconds = (long)Math.Min(duration.TotalNanoseconds, long.MaxValue / 4);
            waiting.Enqueue(done, (now + Math.Max(0, nanoseconds), number++));
        }

        cancellation.UnsafeRegister(_ => done.TrySetCanceled(cancellation), null);
        return done.Task;
    }

    public void Advance(TimeSpan duration) => AdvanceTo(now + (long)duration.TotalNanoseconds);

    /// <summary>Moves the time and completes what is due. Continuations run when their strand is pumped.</summary>
    public void AdvanceTo(long nanoseconds)
    {
        while (true)
        {
            TaskCompletionSource done;
            lock (gate)
            {
                if (!waiting.TryPeek(out _, out (long Due, long) key) || key.Due > nanoseconds)
                {
                    now = Math.Max(now, nanoseconds);
                    return;
                }

                done = waiting.Dequeue();
                now = Math.Max(now, key.Due);
            }

            done.TrySetResult();
        }
    }

    private void DropCompleted()
    {
        while (waiting.TryPeek(out TaskCompletionSource? done, out _) && done.Task.IsCompleted)
        {
            waiting.Dequeue();
        }
    }
}

using ChronoLog.Core.Ports;

namespace ChronoLog.Keeper.Mirroring;

/// <summary>Those who wait for something to become true; who changes it calls <see cref="Look"/>. On the role's strand.</summary>
internal sealed class Waiters(ITimers timers)
{
    private readonly List<Waiter> waiting = [];

    public int Count => waiting.Count;

    /// <returns>False: the time is up, or the caller's token was cancelled.</returns>
    public async ValueTask<bool> AwaitAsync(
        Func<bool> isMet, TimeSpan patience, CancellationToken cancellation = default)
    {
        if (isMet())
        {
            return true;
        }

        var waiter = new Waiter(isMet);
        waiting.Add(waiter);
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _ = ExpireAsync(waiter, patience, expiry.Token);
        bool met = await waiter.Done.Task;
        waiting.Remove(waiter);
        expiry.Cancel();
        return met;
    }

    public void Look()
    {
        foreach (Waiter waiter in waiting.ToArray())
        {
            if (waiter.IsMet())
            {
                waiter.Done.TrySetResult(true);
            }
        }
    }

    private async Task ExpireAsync(Waiter waiter, TimeSpan patience, CancellationToken cancellation)
    {
        try
        {
            await timers.Delay(patience, cancellation);
        }
        catch (OperationCanceledException)
        {
        }

        waiter.Done.TrySetResult(false);
    }

    private sealed class Waiter(Func<bool> isMet)
    {
        public Func<bool> IsMet { get; } = isMet;

        public TaskCompletionSource<bool> Done { get; } = new();
    }
}

using ChronoLog.Core.Protocol;

namespace ChronoLog.Transport.Bulk;

/// <summary>How pulls end without success: deadlines, cancellation, quarantine. All of it on the lane's thread.</summary>
internal sealed partial class PullLane
{
    private void Expire()
    {
        long now = Environment.TickCount64;
        for (int i = active.Count - 1; i >= 0; i--)
        {
            BulkPull pull = active[i];
            if (!pull.Abandoned)
            {
                Check(pull, now);
            }
        }

        if (active.Count > 0 && MustReplaceEndpoint(now))
        {
            ReplaceEndpoint(now);
        }
    }

    private void Check(BulkPull pull, long now)
    {
        if (pull.CancelRequested)
        {
            Abandon(pull, new OperationCanceledException(pull.Cancellation), now);
        }
        else if (now - pull.Started > options.PullTimeout.TotalMilliseconds)
        {
            Fail(pull, Status.TimedOut,
                $"reading {pull.Length} bytes from {pull.Peer?.Name ?? "a peer"} took longer than " +
                $"{options.PullTimeout.TotalSeconds:0.###} s: its process may be stopped or overloaded");
        }
        else if (pull.ConnectingSince != 0 && now - pull.ConnectingSince > options.ConnectTimeout.TotalMilliseconds)
        {
            Fail(pull, Status.NoConnection,
                $"no connection to {pull.Peer?.Name ?? "a peer"} over {domain.Provider} came up within " +
                $"{options.ConnectTimeout.TotalSeconds:0.###} s");
        }
    }

    private void Fail(BulkPull pull, Status status, string message) =>
        Abandon(pull, new ChronoLogException(status, message), Environment.TickCount64);

    private void Abandon(BulkPull pull, Exception reason, long now)
    {
        Interlocked.Increment(ref counters.PullsFailed);
        pull.Abandoned = true;
        pull.AbandonedAt = now;
        if (pull.ReadsInFlight == 0)
        {
            Remove(pull);
        }
        else
        {
            pull.Quarantined = true;
            Interlocked.Add(ref counters.BytesQuarantined, pull.Destination.Region.Size);
        }

        if (reason is OperationCanceledException)
        {
            pull.TrySetCanceled(pull.Cancellation);
        }
        else
        {
            pull.TrySetException(reason);
        }
    }

    // The last that the lane does with a pull: nothing writes into its slab any more.
    private void Remove(BulkPull pull)
    {
        if (!active.Remove(pull))
        {
            throw new InvalidOperationException("a pull ended twice");
        }

        if (pull.Peer is { } peer)
        {
            peer.Pulls--;
        }

        if (pull.Quarantined)
        {
            Interlocked.Add(ref counters.BytesQuarantined, -pull.Destination.Region.Size);
        }

        pull.Destination.Release();
    }

    private bool MustReplaceEndpoint(long now)
    {
        if (!active.Exists(static pull => pull.Abandoned))
        {
            return false;
        }

        if (shm)
        {
            return active.TrueForAll(ReadsAreOver);
        }

        return !domain.BindsRegionsToEndpoint && active.Exists(
            pull => pull.Abandoned && now - pull.AbandonedAt > options.StuckReadTimeout.TotalMilliseconds);
    }

    private void ReplaceEndpoint(long now)
    {
        notice($"bulk: reads that never came back; replacing the pulling endpoint over {domain.Provider}");
        lock (signalGate)
        {
            CloseEndpoint();
            endpoint = OpenEndpoint();
        }

        slots.Dispose();
        slots = new ReadSlots(domain, endpoint);
        peers = new PeerCache(endpoint, shm);
        foreach (BulkPull pull in active.ToArray())
        {
            pull.ReadsInFlight = 0;
            pull.Peer = null;
            if (pull.Abandoned)
            {
                Remove(pull);
            }
            else
            {
                pull.Restart();
                pull.NotBefore = now;
            }
        }
    }
}

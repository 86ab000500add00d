using System.Diagnostics;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>Posting reads and what becomes of them. All of it on the lane's thread.</summary>
internal sealed partial class PullLane
{
    private static readonly TimeSpan RingPause = TimeSpan.FromMilliseconds(1);

    // One read per pull and round, so that a large pull does not hold up small ones.
    private bool Post()
    {
        bool any = false;
        bool posted = active.Count > 0;
        long now = Environment.TickCount64;
        while (posted)
        {
            posted = false;
            for (int i = 0; i < active.Count; i++)
            {
                BulkPull pull = active[(first + i) % active.Count];
                posted |= CanPost(pull, now) && PostOne(pull, now);
            }

            any |= posted;
            first = active.Count == 0 ? 0 : (first + 1) % active.Count;
        }

        if (shm)
        {
            Ring(any);
        }

        return any;
    }

    private static bool CanPost(BulkPull pull, long now) =>
        !pull.Abandoned && pull.Failure is null && pull.NotBefore <= now && pull.ReadsInFlight < SegmentsPerPull &&
        pull.BytesPosted < (pull.Found ? pull.Length : ExposureEntry.Bytes);

    private bool PostOne(BulkPull pull, long now)
    {
        if (pull.Peer is null && !Connect(pull))
        {
            return false;
        }

        int length = pull.Found ? (int)Math.Min(SegmentBytes, pull.Length - pull.BytesPosted) : ExposureEntry.Bytes;
        if (!slots.TryTake(pull, length, out int slot))
        {
            return false;
        }

        int result = pull.Found ? ReadSegment(pull, slot, length) : ReadEntry(pull, slot);
        if (result == 0)
        {
            pull.BytesPosted += length;
            pull.ReadsInFlight++;
            pull.ConnectingSince = 0;
            Interlocked.Increment(ref counters.ReadsPosted);
            return true;
        }

        slots.Release(slot, out _);
        if (result != FabricError.TryAgain)
        {
            FailRead(pull, LibFabric.Describe(result), now);
        }
        else if (pull.ConnectingSince == 0)
        {
            pull.ConnectingSince = now;
        }

        return false;
    }

    private bool Connect(BulkPull pull)
    {
        try
        {
            pull.Peer = peers.Acquire(pull.Source.Endpoint);
            return pull.Peer is not null;
        }
        catch (FabricException exception)
        {
            Fail(pull, Status.InvalidArgument,
                $"libfabric refuses the address {FabricAddress.Describe(pull.Source.Endpoint)}: {exception.Message}");
            return false;
        }
    }

    private int ReadEntry(BulkPull pull, int slot) => endpoint.Read(
        slots.EntryAddress(slot), ExposureEntry.Bytes, slots.Descriptor, pull.Peer!.Address,
        pull.Source.TableBase + (pull.EntryIndex * ExposureEntry.Bytes), pull.Source.TableKey, slots.Context(slot));

    private int ReadSegment(BulkPull pull, int slot, int length) => endpoint.Read(
        pull.Destination.Address + (nint)pull.BytesPosted, length, pull.Destination.Region.Local?.Descriptor ?? 0,
        pull.Peer!.Address, pull.RemoteAddress + (ulong)pull.BytesPosted, pull.RegionKey, slots.Context(slot));

    /// <returns>True if anything had completed.</returns>
    private bool Handle(int count)
    {
        long now = Environment.TickCount64;
        for (int i = 0; i < count; i++)
        {
            int slot = slots.FromContext(completed[i]);
            ExposureEntry entry = slots.Entry(slot);
            BulkPull pull = slots.Release(slot, out int length);
            pull.ReadsInFlight--;
            Interlocked.Increment(ref counters.ReadsCompleted);
            Interlocked.Add(ref counters.BytesRead, length);
            Completed(pull, entry, length, now);
        }

        if (count == FabricError.ErrorAvailable && endpoint.ReadError() is { } error)
        {
            if (!slots.IsContext(error.Context))
            {
                notice($"bulk: {domain.Provider} reports an error of no read: {error.Text}");
                return true;
            }

            BulkPull pull = slots.Release(slots.FromContext(error.Context), out _);
            pull.ReadsInFlight--;
            Interlocked.Increment(ref counters.ReadsFailed);
            FailRead(pull, error.Text, now);
            return true;
        }

        return count > 0;
    }

    private void Completed(BulkPull pull, in ExposureEntry entry, int length, long now)
    {
        if (pull.Abandoned || pull.Failure is not null)
        {
            AfterLast(pull, now);
        }
        else if (pull.Found)
        {
            pull.BytesDone += length;
            if (pull.BytesDone == pull.Length)
            {
                Interlocked.Increment(ref counters.Pulls);
                Remove(pull);
                pull.TrySetResult();
            }
        }
        else
        {
            Look(pull, entry, now);
        }
    }

    private void Look(BulkPull pull, in ExposureEntry entry, long now)
    {
        if (!entry.IsClosed && !entry.IsConsistent)
        {
            FailRead(pull, "the region's entry was being changed", now);
        }
        else if (entry.Key != pull.Key || (long)entry.Length < pull.Length)
        {
            Fail(pull, Status.NotExist,
                $"{pull.Peer!.Name} exposes no such region of {pull.Length} bytes (any more): it was withdrawn");
        }
        else
        {
            pull.Found = true;
            pull.RegionKey = entry.RegionKey;
            pull.RemoteAddress = entry.RemoteAddress;
            pull.BytesPosted = 0;
        }
    }

    private void FailRead(BulkPull pull, string failure, long now)
    {
        pull.Failure ??= failure;
        AfterLast(pull, now);
    }

    // A pull whose attempt failed goes on when no read of it is in flight any more.
    private void AfterLast(BulkPull pull, long now)
    {
        if (pull.ReadsInFlight > 0)
        {
            return;
        }

        if (pull.Abandoned)
        {
            Remove(pull);
        }
        else if (pull.Attempts == RetryMilliseconds.Length)
        {
            Fail(pull, Status.NoConnection,
                $"reading {pull.Length} bytes from {pull.Peer?.Name ?? "a peer"} over {domain.Provider} failed " +
                $"{pull.Attempts + 1} times: {pull.Failure}; its process may have gone");
        }
        else
        {
            pull.Restart();
            pull.NotBefore = now + RetryMilliseconds[pull.Attempts++];
        }
    }

    // Tells the targets of shm reads to look: at once after a post, and now and then while reads are in flight.
    private void Ring(bool posted)
    {
        for (int i = active.Count - 1; i >= 0; i--)
        {
            BulkPull pull = active[i];
            if (pull.Peer is not { Gone: false } peer || (pull.Abandoned && pull.ReadsInFlight == 0) ||
                (!posted && Elapsed(peer.Rung) < RingPause))
            {
                continue;
            }

            peer.Rung = Stopwatch.GetTimestamp();
            if (!ShmDoorbell.TryRing(bell, peer.Doorbell!))
            {
                peer.Gone = true;
                FailAll(peer);
                return;
            }
        }
    }

    private void FailAll(Peer peer)
    {
        foreach (BulkPull pull in active.FindAll(pull => pull.Peer == peer && !pull.Abandoned))
        {
            Fail(pull, Status.NoConnection, $"{peer.Name}: the process of this endpoint has gone");
        }
    }
}

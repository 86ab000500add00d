using ChronoLog.Core.Protocol;

namespace ChronoLog.Transport.Bulk;

/// <summary>One pull: first the owner's exposure entry, then the region in segments. Its state is the lane's thread's.</summary>
internal sealed class BulkPull(FabricAddress source, BulkDescriptor descriptor, FabricSlab destination)
    : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private volatile bool cancelRequested;

    internal FabricAddress Source => source;

    internal FabricSlab Destination => destination;

    internal ulong Key { get; } = descriptor.Key;

    internal ulong EntryIndex { get; } = descriptor.RemoteAddress;

    internal long Length { get; } = descriptor.Length;

    internal CancellationToken Cancellation { get; init; }

    /// <summary>Null until its address is inserted, and again after the lane's endpoint was replaced.</summary>
    internal Peer? Peer { get; set; }

    /// <summary>The entry says the region is open: reading it has begun.</summary>
    internal bool Found { get; set; }

    internal ulong RegionKey { get; set; }

    internal ulong RemoteAddress { get; set; }

    /// <summary>Bytes asked for in this attempt; of the entry or of the region.</summary>
    internal long BytesPosted { get; set; }

    internal long BytesDone { get; set; }

    internal int ReadsInFlight { get; set; }

    /// <summary>A read of this attempt failed: the next attempt begins when all others are back.</summary>
    internal string? Failure { get; set; }

    internal int Attempts { get; set; }

    /// <summary>Milliseconds: when the next attempt may begin.</summary>
    internal long NotBefore { get; set; }

    internal long Started { get; set; }

    /// <summary>Since when a connection is awaited; 0: it is up.</summary>
    internal long ConnectingSince { get; set; }

    /// <summary>
    /// The caller has its answer; what is left is to keep the slab until no read can write there any more (quarantine).
    /// </summary>
    internal bool Abandoned { get; set; }

    internal long AbandonedAt { get; set; }

    /// <summary>Counted in <see cref="BulkStatistics.BytesQuarantined"/>.</summary>
    internal bool Quarantined { get; set; }

    internal bool CancelRequested => cancelRequested;

    internal void RequestCancel() => cancelRequested = true;

    /// <summary>Back to the beginning, with no read in flight.</summary>
    internal void Restart()
    {
        Found = false;
        BytesPosted = 0;
        BytesDone = 0;
        Failure = null;
        ConnectingSince = 0;
    }
}

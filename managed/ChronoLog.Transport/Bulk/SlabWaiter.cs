using ChronoLog.Core.Ports;

namespace ChronoLog.Transport.Bulk;

/// <summary>Someone who waits until the pool has room.</summary>
internal sealed class SlabWaiter(int length)
    : TaskCompletionSource<Slab>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    internal int Length => length;
}

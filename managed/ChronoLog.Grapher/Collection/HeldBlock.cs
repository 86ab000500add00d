using ChronoLog.Core.Model;

namespace ChronoLog.Grapher.Collection;

/// <summary>
/// A pulled image in memory; gives its bytes back to the budget when the last entry that points into it is gone.
/// </summary>
internal sealed class HeldBlock(PayloadBlock inner, HeldMemory memory, long heldBytes) : PayloadBlock
{
    public override nint Address => inner.Address;

    public override long Length => inner.Length;

    protected override void Free()
    {
        inner.Release();
        memory.Release(heldBytes);
    }
}

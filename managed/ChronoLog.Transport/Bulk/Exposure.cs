using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// A region open to remote reads. A pull that begins after the disposal finds the entry closed and fails; one that was
/// reading at that moment fails too, or gets bytes whose checksum tells whether they are still the right ones.
/// </summary>
internal sealed class Exposure(
    ExposureTable table, int index, MemoryRegion? region, FabricSlab slab, BulkDescriptor descriptor) : IExposure
{
    private int disposed;

    public BulkDescriptor Descriptor => descriptor;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        table.Close(index);
        region?.Dispose();
        slab.Release();
    }
}

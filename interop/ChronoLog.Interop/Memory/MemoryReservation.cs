using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Memory;

/// <summary>
/// A range of page-aligned, private memory that costs nothing until it is touched. Parts of it are pinned and given
/// back to the system independently, while the range itself, and every address in it, stays valid until the disposal.
/// </summary>
public sealed unsafe class MemoryReservation : IDisposable
{
    private nint address;

    /// <param name="length">Bytes; rounded up to whole pages.</param>
    /// <exception cref="OutOfMemoryException">The system refuses (address space limit: ulimit -v).</exception>
    public MemoryReservation(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        Length = (length + Environment.SystemPageSize - 1) / Environment.SystemPageSize * Environment.SystemPageSize;
        address = MemoryNative.Map(Length);
        if (address == 0)
        {
            throw new OutOfMemoryException(
                $"reserving {Length} bytes of address space failed with errno {Marshal.GetLastPInvokeError()}");
        }
    }

    ~MemoryReservation() => Unmap();

    /// <summary>First byte.</summary>
    public nint Address =>
        address != 0 ? address : throw new ObjectDisposedException(nameof(MemoryReservation));

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>
    /// Keeps a part in physical memory if the limit for that (ulimit -l) allows it: an optimisation only, since
    /// providers whose hardware reads memory pin what is registered themselves.
    /// </summary>
    /// <returns>True if it is locked; then <see cref="Unpin"/> unlocks it.</returns>
    public bool TryPin(long offset, long length) => MemoryNative.Lock(Part(offset, length), length) == 0;

    /// <summary>Gives a part back to the system; read again, it is zero. The mirror of <see cref="TryPin"/>.</summary>
    public void Unpin(long offset, long length, bool locked)
    {
        nint part = Part(offset, length);
        if (locked)
        {
            _ = MemoryNative.Unlock(part, (nuint)length);
        }

        _ = MemoryNative.Discard(part, length);
    }

    /// <summary>Unmaps the range. The second call does nothing.</summary>
    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    private nint Part(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{length} bytes at {offset} do not lie within the {Length} reserved ones");
        }

        return Address + (nint)offset;
    }

    private void Unmap()
    {
        nint mapped = Interlocked.Exchange(ref address, 0);
        if (mapped != 0)
        {
            _ = MemoryNative.Unmap(mapped, (nuint)Length);
        }
    }
}

namespace ChronoLog.Interop.Posix;

/// <summary>
/// A mapped range of a file. Reading past a truncated file's end raises SIGBUS: map only what is not cut short.
/// </summary>
public sealed unsafe class PosixMapping : IDisposable
{
    private const int ProtectionRead = 1;
    private const int ProtectionWrite = 2;
    private const int MapShared = 1;
    private const int MapPopulate = 0x8000;
    private const int SyncNow = 4;

    private readonly string path;
    private nint address;

    private PosixMapping(nint address, long length, string path)
    {
        this.address = address;
        this.path = path;
        Length = length;
    }

    ~PosixMapping() => Unmap();

    public nint Address => address == 0 ? throw new ObjectDisposedException(path) : address;

    /// <summary>Bytes.</summary>
    public long Length { get; }

    internal static PosixMapping Create(PosixFile file, long offset, long length, bool writable, bool populate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        int protection = writable ? ProtectionRead | ProtectionWrite : ProtectionRead;
        int flags = populate ? MapShared | MapPopulate : MapShared;
        nint address = Libc.Mmap(0, (nuint)length, protection, flags, file.Descriptor, offset);
        return address == -1
            ? throw PosixException.Last("mmap", file.Path)
            : new PosixMapping(address, length, file.Path);
    }

    /// <summary>A part of the mapping.</summary>
    public Span<byte> Span(long offset, int length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{length} bytes at {offset} do not lie within the {Length} mapped bytes of '{path}'");
        }

        return new Span<byte>((void*)(Address + (nint)offset), length);
    }

    /// <summary>
    /// msync: writes a range back and waits for the device. The offset is a multiple of the page size.
    /// </summary>
    public void Sync(long offset, long length)
    {
        if (Libc.Msync(Address + (nint)offset, (nuint)length, SyncNow) != 0)
        {
            throw PosixException.Last("msync", path);
        }
    }

    /// <summary>A hint for a range that starts at a page; its failure is of no consequence.</summary>
    public void Advise(long offset, long length, PosixAdvice advice) =>
        _ = Libc.Madvise(Address + (nint)offset, (nuint)length, (int)advice);

    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    private void Unmap()
    {
        nint mapped = Interlocked.Exchange(ref address, 0);
        if (mapped != 0)
        {
            _ = Libc.Munmap(mapped, (nuint)Length);
        }
    }
}

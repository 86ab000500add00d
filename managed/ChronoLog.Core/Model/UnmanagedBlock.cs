using System.Runtime.InteropServices;

namespace ChronoLog.Core.Model;

/// <summary>
/// A block of the C heap: for images of megabytes that live for a minute. The garbage collector neither zeroes, scans
/// nor delays them, so that a memory budget says what is really held.
/// </summary>
public sealed unsafe class UnmanagedBlock : PayloadBlock
{
    private nint memory;

    /// <param name="length">Bytes; not zeroed.</param>
    public UnmanagedBlock(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        memory = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), Alignment);
    }

    /// <summary>A cache line.</summary>
    public const int Alignment = 64;

    public override nint Address => memory;

    public override long Length { get; }

    /// <summary>The whole block; only while a reference is held.</summary>
    public Span<byte> Span => memory != 0
        ? new Span<byte>((void*)memory, (int)Length)
        : throw new ObjectDisposedException(nameof(UnmanagedBlock));

    protected override void Free()
    {
        NativeMemory.AlignedFree((void*)memory);
        memory = 0;
    }
}

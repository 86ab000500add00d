namespace ChronoLog.Core.Model;

/// <summary>
/// A block in pinned managed memory: for small sets of events, for tests, and where no registration is needed.
/// </summary>
public sealed unsafe class PinnedBlock : PayloadBlock
{
    private byte[]? bytes;

    /// <param name="length">Bytes, zeroed.</param>
    public PinnedBlock(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        bytes = GC.AllocateArray<byte>(Math.Max(length, 1), pinned: true);
        Length = length;
        fixed (byte* first = bytes)
        {
            Address = (nint)first;
        }
    }

    public override nint Address { get; }

    public override long Length { get; }

    public Span<byte> Span => (bytes ?? throw new ObjectDisposedException(nameof(PinnedBlock))).AsSpan(0, (int)Length);

    protected override void Free() => bytes = null;
}

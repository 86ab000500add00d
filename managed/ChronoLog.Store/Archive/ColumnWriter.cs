using System.Buffers;
using System.Runtime.InteropServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Collects one column and writes it a buffer at a time; keeps the checksum of each block, which is computed while the
/// bytes are in the cache.
/// </summary>
/// <param name="sink">Where the bytes go.</param>
/// <param name="capacity">Bytes that the column will have.</param>
/// <param name="bufferBytes">A multiple of a block's.</param>
internal sealed class ColumnWriter(IColumnSink sink, long capacity, int bufferBytes) : IDisposable
{
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
    private int buffered;
    private long written;

    /// <summary>Bytes appended.</summary>
    public long Length => written + buffered;

    /// <summary>One for each block, complete after <see cref="Finish"/>.</summary>
    public List<uint> Checksums { get; } = [];

    /// <summary>False when the column would become longer than was reserved: nothing was appended.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > capacity - Length)
        {
            return false;
        }

        while (!bytes.IsEmpty)
        {
            bytes = bytes[Take(bytes)..];
        }

        return true;
    }

    /// <summary>Values of a size that fit into what is left of the buffer: at least one.</summary>
    public int Room(int size)
    {
        if (buffered == bufferBytes)
        {
            Finish();
        }

        return (bufferBytes - buffered) / size;
    }

    /// <summary>Where the next values go: not more than there is <see cref="Room"/> for.</summary>
    public Span<T> Next<T>(int count) where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(buffer.AsSpan(buffered, bufferBytes - buffered))[..count];

    /// <summary>Counts values that were put into what <see cref="Next"/> gave.</summary>
    public void Advance(int bytes) => buffered += bytes;

    /// <summary>Writes what is buffered.</summary>
    public void Finish()
    {
        if (buffered > 0)
        {
            int length = buffered;
            buffered = 0;
            Write(buffer.AsSpan(0, length));
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    // Long stretches go to the file from where they lie. The buffer is only ever flushed full, which is whole blocks,
    // so the position is at a block's start whenever the buffer is empty.
    private int Take(ReadOnlySpan<byte> bytes)
    {
        if (buffered == 0 && bytes.Length >= StoryFileUserBlock.BlockBytes)
        {
            int direct = Math.Min(bytes.Length, bufferBytes) & ~(StoryFileUserBlock.BlockBytes - 1);
            Write(bytes[..direct]);
            return direct;
        }

        int copied = Math.Min(bytes.Length, bufferBytes - buffered);
        bytes[..copied].CopyTo(buffer.AsSpan(buffered));
        buffered += copied;
        if (buffered == bufferBytes)
        {
            Finish();
        }

        return copied;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        sink.Write(bytes, Checksums);
        written += bytes.Length;
    }
}

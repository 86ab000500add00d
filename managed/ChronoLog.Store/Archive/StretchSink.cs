using ChronoLog.Core.Chunk;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>Writes a column as one stretch of its file.</summary>
/// <param name="file">The file.</param>
/// <param name="offset">Where the column begins.</param>
internal sealed class StretchSink(PosixFile file, long offset) : IColumnSink
{
    // The device works while the next stretch is merged and checked; the sync at the end then finds little left to do.
    private const int WritebackBytes = 8 << 20;

    private long written;
    private long started;

    public void Write(ReadOnlySpan<byte> bytes, List<uint> checksums)
    {
        for (int at = 0; at < bytes.Length; at += StoryFileUserBlock.BlockBytes)
        {
            int length = Math.Min(StoryFileUserBlock.BlockBytes, bytes.Length - at);
            checksums.Add(Crc32C.Compute(bytes.Slice(at, length)));
        }

        file.WriteAt(bytes, offset + written);
        written += bytes.Length;
        if (written - started >= WritebackBytes)
        {
            file.StartWriteback(offset + started, written - started);
            started = written;
        }
    }
}

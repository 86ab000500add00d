using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Extraction;

/// <summary>
/// Writes a chunk's merge into column images of bounded size. The same chunk and the same size give the same parts, so
/// that a part announced again after a failure is the part that the receiver may hold already.
/// </summary>
internal sealed class ChunkParts : IDisposable
{
    // 2048 entries of 32 bytes: 64 KiB, within a core's L2 beside the records that are copied.
    private const int BlockEntries = 2048;

    private readonly MergeCursor merge;
    private readonly ColumnPageWriter writer;
    private readonly EventEntry[] block = new EventEntry[BlockEntries];
    private int taken;
    private int read;

    /// <param name="chunk">Does not change any more.</param>
    /// <param name="stamped">The images have arrival stamps.</param>
    public ChunkParts(StoryChunk chunk, bool stamped = false)
    {
        writer = new ColumnPageWriter(stamped);
        merge = chunk.OpenHandover();
        ReadBlock();
    }

    /// <summary>Events so far whose EventSequence another one of other bytes has.</summary>
    public long Conflicts => merge.Conflicts;

    /// <summary>True when every event is in a part.</summary>
    public bool AtEnd => taken == read;

    /// <summary>Fills one image.</summary>
    /// <param name="page">Receives it.</param>
    /// <param name="header">What it says of itself.</param>
    /// <param name="count">Events in it.</param>
    /// <returns>Its length.</returns>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.LimitExceeded"/>: one record is larger than the page.
    /// </exception>
    public int Write(Span<byte> page, in ColumnImageHeader header, out int count)
    {
        while (!AtEnd)
        {
            int added = writer.Add(page, block.AsSpan(taken, read - taken));
            if (added == 0)
            {
                break;
            }

            taken += added;
            if (AtEnd)
            {
                ReadBlock();
            }
        }

        if (writer.Count == 0)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"a record of {block[taken].Length} bytes does not fit into the largest slab of {page.Length} bytes; "
                + "raise the largest slab of the bulk endpoint");
        }

        count = writer.Count;
        return writer.Finish(page, header);
    }

    public void Dispose() => merge.Dispose();

    private void ReadBlock()
    {
        taken = 0;
        read = merge.Read(block);
    }
}

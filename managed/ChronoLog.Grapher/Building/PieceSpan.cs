using ChronoLog.Core.Chunk;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Grapher.Building;

/// <summary>How many of a run's events lie in the chunk that starts at a tick.</summary>
internal readonly record struct PieceSpan(ulong ChunkStart, int Count)
{
    /// <summary>
    /// Chunks that one image may be spread over. Each becomes a file; a Keeper's chunk covers a few
    /// of the Grapher's at most.
    /// </summary>
    public const int SpansMax = 4096;

    /// <summary>Divides a run along the chunk boundaries, in order.</summary>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.InvalidArgument"/>: more than <see cref="SpansMax"/>.
    /// </exception>
    public static List<PieceSpan> Divide(EventRun run, ulong chunkDuration)
    {
        var spans = new List<PieceSpan>();
        for (int from = 0; from < run.Count;)
        {
            if (spans.Count == SpansMax)
            {
                throw new ChronoLogException(
                    Status.InvalidArgument,
                    $"the image is spread over more than {SpansMax} chunks of {chunkDuration} ns; "
                    + "give the Grapher longer chunks than the Keepers");
            }

            ulong time = run.Entries[from].EventTime;
            ulong start = time - (time % chunkDuration);
            int end = FirstBeyond(run, from, start, chunkDuration);
            spans.Add(new PieceSpan(start, end - from));
            from = end;
        }

        return spans;
    }

    private static int FirstBeyond(EventRun run, int from, ulong start, ulong chunkDuration)
    {
        int low = from;
        int high = run.Count;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (run.Entries[middle].EventTime - start < chunkDuration)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

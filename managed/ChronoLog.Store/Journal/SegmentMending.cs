namespace ChronoLog.Store.Journal;

/// <summary>
/// Makes a lost segment header anew. Every batch carries its segment's tag, and the tag follows from the Keeper's
/// identity, which the other segments tell, and from the sequence number, which stands in the file's name.
/// </summary>
internal static class SegmentMending
{
    // Runs whose segments lie in one directory: more than one is rare, each is a look through the file.
    private const int OwnersMax = 16;

    /// <param name="bytes">The file.</param>
    /// <param name="sequence">By its name.</param>
    /// <param name="owners">Process and epoch of the other segments.</param>
    /// <param name="header">The header, if the file holds batches of one of them.</param>
    /// <returns>What was found.</returns>
    public static Finding TryMend(
        ReadOnlySpan<byte> bytes, long sequence, IEnumerable<(ulong ProcessId, ulong Epoch)> owners,
        out SegmentHeader header)
    {
        foreach ((ulong processId, ulong epoch) in owners.Take(OwnersMax))
        {
            header = new SegmentHeader(
                SegmentHeader.MakeTag(processId, epoch, sequence), processId, epoch, sequence, bytes.Length,
                SegmentHeader.PageLength, RewriteOf: 0, FirstNumber: 1);
            var walk = new SegmentWalk(bytes, header);
            if (walk.MoveNext())
            {
                header = header with { FirstNumber = walk.Current.Number };
                return walk.Offset == header.DataStart ? Finding.Mended : Finding.Broken;
            }
        }

        header = default;
        return Finding.Nothing;
    }

    internal enum Finding
    {
        /// <summary>No batch of anyone known.</summary>
        Nothing,

        /// <summary>The header is right.</summary>
        Mended,

        /// <summary>There are batches, and the first ones are missing too.</summary>
        Broken,
    }
}

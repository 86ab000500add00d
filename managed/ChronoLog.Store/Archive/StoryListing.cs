namespace ChronoLog.Store.Archive;

/// <summary>A snapshot of one story's files. Immutable (what is known of a file's inside may grow).</summary>
/// <param name="ChronicleComponent">The chronicle's directory.</param>
/// <param name="StoryComponent">The story's directory within it.</param>
/// <param name="Files">Sorted by start, end, generation.</param>
/// <param name="Foreign">Names in the directory that are no StoryFiles'.</param>
public sealed record StoryListing(
    string ChronicleComponent,
    string StoryComponent,
    IReadOnlyList<CatalogFile> Files,
    IReadOnlyList<string> Foreign)
{
    /// <summary>Nanoseconds: the directory's time of change when it was scanned.</summary>
    internal long ModifiedNanoseconds { get; init; }

    /// <summary>True when the directory may have changed since without its time of change telling.</summary>
    internal bool Fresh { get; init; }

    /// <summary>The files whose ranges touch [startTime, endTime), in order.</summary>
    public IReadOnlyList<CatalogFile> Overlapping(ulong startTime, ulong endTime)
    {
        var found = new List<CatalogFile>();
        foreach (CatalogFile file in Files)
        {
            if (file.Name.StartTime >= endTime)
            {
                break;
            }

            if (file.Name.EndTime > startTime)
            {
                found.Add(file);
            }
        }

        return found;
    }

    /// <summary>
    /// ChronoTick below which the archive states that the story is complete: the end of the newest chunk that was
    /// written with every Keeper drained beyond it. 0 when no file says so.
    /// </summary>
    public ulong CompleteThrough()
    {
        // Incomplete ones at the end of the archive are what recent failures left; further back nobody has to look.
        const int LooksMax = 256;
        ulong through = 0;
        for (int at = Files.Count - 1; at >= Math.Max(0, Files.Count - LooksMax); at--)
        {
            CatalogFile file = Files[at];
            if (file.Name.EndTime > through && file.TryFacts() is { Complete: true })
            {
                through = file.Name.EndTime;
            }
        }

        return through;
    }

    /// <summary>
    /// Splits files into the fewest chains of files that do not overlap: each chain is one sorted source of a merge.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<CatalogFile>> Chains(IEnumerable<CatalogFile> files)
    {
        var chains = new List<List<CatalogFile>>();
        foreach (CatalogFile file in files.OrderBy(file => file.Name))
        {
            List<CatalogFile>? chain = chains.Find(chain => chain[^1].Name.EndTime <= file.Name.StartTime);
            if (chain is null)
            {
                chains.Add(chain = []);
            }

            chain.Add(file);
        }

        return chains;
    }

    /// <summary>
    /// Events in all files that can be read, by their headers; an event in two generations counts twice.
    /// </summary>
    public long CountEvents() => Files.Sum(file => file.TryFacts()?.EventCount ?? 0);
}

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

namespace ChronoLog.Store.Archive;

/// <summary>A snapshot of one story's files. Immutable (what is known of a file's inside may grow).</summary>
/// <param name="ChronicleComponent">The chronicle's directory.</param>
/// <param name="StoryComponent">The story's directory within it.</param>
/// <param name="Files">Sorted by start, end, generation; those set aside and not rebuilt are among them.</param>
/// <param name="Foreign">Names in the directory that are no StoryFiles'.</param>
public sealed record StoryListing(
    string ChronicleComponent,
    string StoryComponent,
    IReadOnlyList<CatalogFile> Files,
    IReadOnlyList<string> Foreign)
{
    /// <summary>Names of damaged files whose events are in other files again: kept, and no part of the archive.</summary>
    public IReadOnlyList<string> Rebuilt { get; init; } = [];

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

    /// <summary>The sound ones of these: what is only in the others is archived again where somebody still has it.
    /// </summary>
    public IReadOnlyList<CatalogFile> Sound(ulong startTime, ulong endTime) =>
        [.. Overlapping(startTime, endTime).Where(static file => file.Aside is null)];

    /// <summary>The least generation of a range that was not used before, by a file that was set aside included.</summary>
    public uint GenerationFrom(ulong startTime, ulong endTime) => Files
        .Where(file => file.Aside is not null && file.Name.StartTime == startTime && file.Name.EndTime == endTime)
        .Select(static file => file.Aside!.Value.YoungerFrom).DefaultIfEmpty(0u).Max();

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
    public long CountEvents() => Files.Where(static file => file.Aside is null).Sum(static file => file.TryFacts()?.EventCount ?? 0);
}

using ChronoLog.Core.Model;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Events of a damaged file whose identities cannot be read: how many there are between two that can, and whether as
/// many are in younger files there.
/// </summary>
internal sealed class UnreadEvents(IEnumerable<CatalogFile> younger)
{
    private readonly List<CatalogFile> younger = [.. younger];
    private EventSequence? after;
    private long count;

    public void Add(long events) => count += events;

    /// <summary>The last one that could be read.</summary>
    public void Known(EventSequence identity) => after = identity;

    /// <summary>Judges what was added since; then begins anew.</summary>
    /// <param name="before">The next that can be read; null = none, to the end of the file.</param>
    public bool HaveCome(EventSequence? before)
    {
        long missing = count;
        count = 0;
        if (missing == 0)
        {
            return true;
        }

        foreach (CatalogFile entry in younger)
        {
            using StoryFile? file = entry.TryOpen();
            foreach ((_, EventSequence[] block) in file?.Identities(after?.EventTime ?? 0, End(before)) ?? [])
            {
                missing -= block.LongCount(each => (after is null || each > after) && (before is null || each < before));
            }
        }

        return missing <= 0;
    }

    private static ulong End(EventSequence? before) =>
        before is null || before.Value.EventTime == ulong.MaxValue ? ulong.MaxValue : before.Value.EventTime + 1;
}

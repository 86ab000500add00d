using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Whether every event of a damaged StoryFile is in sound ones. Those whose identities can be read have to be found;
/// where they cannot, as many have to have come, between the identities before and after, with files of the same range
/// that are younger than the setting aside: before it, each event was in one file only. Walks forward, in bounded memory.
/// </summary>
internal static class RebuiltProof
{
    /// <exception cref="ChronoLogException">Corrupt: its user block cannot be read, nobody knows what it held.</exception>
    public static bool Holds(DamagedStoryFile damaged, StoryListing listing)
    {
        using StoryFile file = StoryFile.OpenDamaged(damaged.Path);
        (ulong start, ulong end) = (damaged.StartTime, damaged.EndTime);
        IReadOnlyList<CatalogFile> sound = listing.Sound(start, end);
        var chains = StoryListing.Chains(sound)
            .Select(chain => new StoryFileIdentities(chain, start, end)).ToList();
        try
        {
            var unread = new UnreadEvents(sound.Where(other => IsYounger(other, damaged)));
            foreach ((EventSequence[]? identities, long count) in file.AllIdentities())
            {
                if (identities is null)
                {
                    unread.Add(count);
                    continue;
                }

                if (!unread.HaveCome(before: identities[0])
                    || !Array.TrueForAll(identities, each => chains.Exists(chain => chain.Contains(each))))
                {
                    return false;
                }

                unread.Known(identities[^1]);
            }

            return unread.HaveCome(before: null);
        }
        finally
        {
            chains.ForEach(static chain => chain.Dispose());
        }
    }

    private static bool IsYounger(CatalogFile other, DamagedStoryFile damaged) =>
        other.Name.StartTime == damaged.StartTime && other.Name.EndTime == damaged.EndTime
        && other.Name.Generation >= damaged.Name.YoungerFrom;
}

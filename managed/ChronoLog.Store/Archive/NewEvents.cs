using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Store.Archive;

/// <summary>
/// The events of a chunk that no StoryFile has: a merge without what the archive already holds. After a restart of a
/// Keeper or a Grapher chunks come again under other names, in other company; their events are archived once all the
/// same.
/// </summary>
internal sealed class NewEvents : IDisposable
{
    private readonly MergeCursor merge;
    private readonly List<StoryFileIdentities> archived;
    private readonly ConflictingEvents? conflicts;

    public NewEvents(StoryFileContent content)
    {
        archived = [.. StoryListing.Chains(content.Archived)
            .Select(chain => new StoryFileIdentities(chain, content.StartTime, content.EndTime))];
        merge = content.Open();
        conflicts = content.Conflicts;
        if (conflicts is not null)
        {
            conflicts.Begin();
            merge.Conflicting = conflicts.Add;
        }
    }

    /// <summary>Next entries in order; 0 = end. They stay valid until this is disposed.</summary>
    public int Read(Span<EventEntry> target)
    {
        while (true)
        {
            int read = merge.Read(target);
            int kept = archived.Count == 0 ? read : Keep(target[..read]);
            if (kept > 0 || read == 0)
            {
                return kept;
            }
        }
    }

    public void Dispose()
    {
        merge.Dispose();
        archived.ForEach(chain => chain.Dispose());
    }

    private int Keep(Span<EventEntry> entries)
    {
        int kept = 0;
        foreach (ref readonly EventEntry entry in entries)
        {
            EventSequence sequence = entry.Sequence;
            StoryFileIdentities? holder = archived.Find(chain => chain.Contains(sequence));
            // Of two copies the one that arrived first counts, whichever was archived first.
            if (holder is null || (entry.IsStamped && holder.ArrivedAfter(entry.Arrival)))
            {
                entries[kept++] = entry;
            }
            else if (conflicts is not null && holder.HasOtherRecord(entry.LogRecord))
            {
                conflicts.Add(entry);
            }
        }

        return kept;
    }
}

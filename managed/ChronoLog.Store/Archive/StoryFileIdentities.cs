using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Walks the identities of archived events forward, through a chain of StoryFiles that do not overlap: the identity
/// columns only, a block at a time, however large the files are.
/// </summary>
internal sealed class StoryFileIdentities(IReadOnlyList<CatalogFile> chain, ulong startTime, ulong endTime)
    : IDisposable
{
    private readonly IEnumerator<(StoryFile? File, long At, EventSequence[] Identities)> blocks =
        Blocks(chain, startTime, endTime).GetEnumerator();
    private EventSequence[] current = [];
    private int next;

    /// <summary>Whether the event is archived here. Asked in ascending order.</summary>
    public bool Contains(EventSequence sequence)
    {
        while (true)
        {
            while (next < current.Length && current[next] < sequence)
            {
                next++;
            }

            if (next < current.Length)
            {
                return current[next] == sequence;
            }

            if (!blocks.MoveNext())
            {
                return false;
            }

            (current, next) = (blocks.Current.Identities, 0);
        }
    }

    /// <summary>
    /// Whether the event that was found last has another record here; one that cannot be read is taken for the same.
    /// </summary>
    public bool HasOtherRecord(ReadOnlySpan<byte> record) =>
        blocks.Current.File?.HasOtherRecord(blocks.Current.At + next, record) == true;

    /// <summary>Whether the event that was found last arrived later than a tick, here.</summary>
    public bool ArrivedAfter(ulong tick) => blocks.Current.File?.ArrivedAfter(blocks.Current.At + next, tick) == true;

    public void Dispose() => blocks.Dispose();

    private static IEnumerable<(StoryFile? File, long At, EventSequence[] Identities)> Blocks(
        IReadOnlyList<CatalogFile> chain, ulong startTime, ulong endTime)
    {
        foreach (CatalogFile entry in chain)
        {
            using StoryFile? file = entry.TryOpen();
            if (file is null && entry.Damage is null)
            {
                // Too many open files, say: it passes, and what is archived must not be archived again because of it.
                throw new IOException($"StoryFile '{entry.Path}' could not be read");
            }

            // A damaged file has nothing for certain: its events are archived again where somebody still has them.
            foreach ((long at, EventSequence[] block) in file?.Identities(startTime, endTime) ?? [])
            {
                yield return (file, at, block);
            }
        }
    }
}

using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Merge of runs in order of EventSequence. Of entries with an equal EventSequence the one that arrived first (where
/// stamps say so), and else the one of the first given run, is delivered and the others are dropped and counted. Holds
/// references on all runs until it is disposed. Not thread-safe.
/// </summary>
public sealed class MergeCursor : IDisposable
{
    private readonly List<Chain> chains;
    private readonly MergeTree tree;
    private bool disposed;

    private MergeCursor(List<Chain> chains, bool keepDuplicates, bool keepConflicts)
    {
        this.chains = chains;
        tree = new MergeTree(chains.Count, keepDuplicates, keepConflicts);
        for (int source = 0; source < chains.Count; source++)
        {
            SupplyNext(source);
        }
    }

    /// <summary>Duplicates dropped so far.</summary>
    public long Duplicates => tree.Duplicates;

    /// <summary>Dropped duplicates whose bytes were not those of the one that was kept.</summary>
    public long Conflicts => tree.Conflicts;

    /// <summary>Told of each of them, while it is dropped.</summary>
    public ConflictTaker? Conflicting
    {
        set => tree.Conflicting = value;
    }

    /// <summary>Entries of all runs, with duplicates: an upper bound of what the merge delivers.</summary>
    public long EventCountMax { get; private init; }

    /// <summary>Opens a merge and adds a reference to each run.</summary>
    public static MergeCursor Over(IEnumerable<EventRun> runs) => Over(runs, keepDuplicates: false);

    internal static MergeCursor Over(IEnumerable<EventRun> runs, bool keepDuplicates, bool keepConflicts = false)
    {
        // Runs that follow one another are one source: the merge's width is the number of chains, not of runs.
        var chains = new List<Chain>();
        long count = 0;
        int ordinal = 0;
        foreach (EventRun run in runs)
        {
            if (run.Count > 0)
            {
                count += run.Count;
                FindChain(chains, run.First).Append(run.AddReference(), ordinal++);
            }
        }

        return new MergeCursor(chains, keepDuplicates, keepConflicts) { EventCountMax = count };
    }

    /// <summary>Next entries in order; 0 = end. They stay valid until the cursor is disposed.</summary>
    public int Read(Span<EventEntry> target)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        int filled = 0;
        while (filled < target.Length)
        {
            filled += tree.Read(target[filled..]);
            int dry = tree.DrySource;
            if (dry >= 0)
            {
                SupplyNext(dry);
            }
            else if (tree.AtEnd)
            {
                break;
            }
        }

        return filled;
    }

    /// <summary>Everything that is left as one run, with references of its own; null when nothing is.</summary>
    public EventRun? ToRun()
    {
        int countMax = checked((int)EventCountMax);
        EventEntry[] entries = EntryPool.Rent(countMax);
        int count = Read(entries.AsSpan(0, countMax));
        if (count == 0)
        {
            EntryPool.Return(entries);
            return null;
        }

        var blocks = new HashSet<PayloadBlock>(ReferenceEqualityComparer.Instance);
        foreach (Chain chain in chains)
        {
            foreach ((EventRun run, _) in chain.Runs)
            {
                foreach (PayloadBlock block in run.Blocks)
                {
                    if (blocks.Add(block))
                    {
                        block.AddReference();
                    }
                }
            }
        }

        long recordBytes = 0;
        foreach (ref readonly EventEntry entry in entries.AsSpan(0, count))
        {
            recordBytes += entry.Length;
        }

        var storage = new RunStorage(entries, count, [.. blocks], blocks.Count, pooled: true);
        return new EventRun(storage, 0, count, recordBytes);
    }

    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        foreach (Chain chain in chains)
        {
            foreach ((EventRun run, _) in chain.Runs)
            {
                run.Release();
            }
        }
    }

    private static Chain FindChain(List<Chain> chains, EventSequence first)
    {
        foreach (Chain chain in chains)
        {
            // Equal ones are judged by their stamps, which only a merge looks at.
            if (chain.Last < first)
            {
                return chain;
            }
        }

        var added = new Chain();
        chains.Add(added);
        return added;
    }

    private void SupplyNext(int source)
    {
        Chain chain = chains[source];
        if (chain.Next == chain.Runs.Count)
        {
            tree.End(source);
            return;
        }

        (EventRun run, int ordinal) = chain.Runs[chain.Next++];
        tree.Supply(source, run.Storage.Entries, run.Start, run.Count, ordinal);
    }

    private sealed class Chain
    {
        public List<(EventRun Run, int Ordinal)> Runs { get; } = [];

        public EventSequence Last { get; private set; }

        public int Next { get; set; }

        public void Append(EventRun run, int ordinal)
        {
            Runs.Add((run, ordinal));
            Last = run.Last;
        }
    }
}

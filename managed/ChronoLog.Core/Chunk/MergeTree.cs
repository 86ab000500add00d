using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Loser tree over sorted sources (Knuth, TAOCP 3, 5.4.1): log2(k) comparisons per entry, on the heads' times, which lie
/// together in one array. A source that wins several times in a row is copied in bulk up to the runner-up's head.
/// Of entries with an equal EventSequence the one of the smallest ordinal comes first, and the others are dropped.
/// </summary>
/// <remarks>
/// Node 0 holds the winner, nodes 1..k-1 the losers of their match; the leaf of source s is node k + s, the parent of node n
/// is n / 2. A source that has run dry stays the winner until <see cref="Supply"/> or <see cref="End"/>: so at most one
/// source is dry at a time once the tree is built.
/// </remarks>
internal sealed class MergeTree
{
    /// <summary>Wins in a row after which the runner-up is looked up and the source copied in bulk.</summary>
    private const int StreakBeforeBulk = 4;

    /// <summary>Entries checked for equal neighbours and then copied at once: 8 KiB, stays in the first-level cache.</summary>
    private const int BulkEntries = 256;

    private readonly Source[] sources;
    private readonly ulong[] headTimes;
    private readonly int[] nodes;
    private readonly bool keepDuplicates;
    private EventEntry last;
    private bool hasLast;
    private bool built;
    private int streak;
    private int alive;

    public MergeTree(int count, bool keepDuplicates = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        sources = new Source[count];
        headTimes = new ulong[count];
        nodes = new int[Math.Max(count, 1)];
        alive = count;
        this.keepDuplicates = keepDuplicates;
    }

    public long Duplicates { get; private set; }

    public long Conflicts { get; private set; }

    /// <summary>
    /// Source whose present entries hold the last one delivered; -1 before the first, and when that source went on since.
    /// </summary>
    public int LastSource { get; private set; } = -1;

    public bool AtEnd => alive == 0;

    /// <summary>The source without which the merge cannot go on; -1 when there is none.</summary>
    public int DrySource
    {
        get
        {
            if (built)
            {
                return alive > 0 && IsDry(nodes[0]) ? nodes[0] : -1;
            }

            for (int source = 0; source < sources.Length; source++)
            {
                if (IsDry(source))
                {
                    return source;
                }
            }

            return -1;
        }
    }

    public bool IsDry(int source) => !sources[source].Ended && sources[source].Next == sources[source].End;

    /// <summary>Gives a dry source its next entries.</summary>
    public void Supply(int source, EventEntry[] entries, int start, int count, int ordinal)
    {
        if (!IsDry(source))
        {
            throw new InvalidOperationException($"merge source {source} is not dry");
        }

        if (count == 0)
        {
            return;
        }

        Detach(source);
        ref Source supplied = ref sources[source];
        supplied.Entries = entries;
        supplied.Next = start;
        supplied.End = start + count;
        supplied.Ordinal = ordinal;
        headTimes[source] = entries[start].EventTime;
        if (built)
        {
            Replay(source);
        }
    }

    /// <summary>Nothing more comes from a dry source.</summary>
    public void End(int source)
    {
        if (!IsDry(source))
        {
            throw new InvalidOperationException($"merge source {source} is not dry");
        }

        Detach(source);
        sources[source].Ended = true;
        sources[source].Entries = [];
        headTimes[source] = ulong.MaxValue;
        alive--;
        if (built)
        {
            Replay(source);
        }
    }

    private void Detach(int source)
    {
        if (LastSource == source)
        {
            LastSource = -1;
        }
    }

    /// <summary>Next entries, until the target is full, a source runs dry, or all have ended.</summary>
    public int Read(Span<EventEntry> target)
    {
        if (!built && !Build())
        {
            return 0;
        }

        int filled = 0;
        while (filled < target.Length && alive > 0)
        {
            int winner = nodes[0];
            ref Source source = ref sources[winner];
            if (source.Next == source.End)
            {
                break;
            }

            if (streak >= StreakBeforeBulk || alive == 1)
            {
                filled += TakeBulk(winner, ref source, target[filled..]);
            }
            else
            {
                ref readonly EventEntry head = ref source.Entries[source.Next++];
                if (!IsDuplicate(head))
                {
                    last = head;
                    hasLast = true;
                    LastSource = winner;
                    target[filled++] = head;
                }
            }

            if (source.Next < source.End)
            {
                headTimes[winner] = source.Entries[source.Next].EventTime;
                Replay(winner);
                streak = nodes[0] == winner ? streak + 1 : 0;
            }
        }

        return filled;
    }

    /// <summary>Copies what the winner has up to the runner-up's head.</summary>
    private int TakeBulk(int winner, ref Source source, Span<EventEntry> target)
    {
        ReadOnlySpan<EventEntry> rest = source.Entries.AsSpan(source.Next, source.End - source.Next);
        int runnerUp = RunnerUp(winner);
        int ahead = rest.Length;
        if (runnerUp >= 0 && !sources[runnerUp].Ended)
        {
            ref Source second = ref sources[runnerUp];
            bool first = source.Ordinal < second.Ordinal;
            ahead = EntrySearch.Gallop(rest, second.Entries[second.Next], orEqual: first);
        }

        // The winner's head is next whatever the search says about equal ones.
        rest = rest[..Math.Max(ahead, 1)];
        if (ahead < StreakBeforeBulk)
        {
            streak = 0;
        }

        int filled = CopyDistinct(rest, target, out int taken);
        source.Next += taken;
        if (filled > 0)
        {
            last = target[filled - 1];
            LastSource = winner;
        }

        return filled;
    }

    /// <summary>Copies without duplicates until either span is used up.</summary>
    private int CopyDistinct(ReadOnlySpan<EventEntry> entries, Span<EventEntry> target, out int taken)
    {
        int filled = 0;
        taken = 0;
        while (taken < entries.Length && filled < target.Length)
        {
            int length = Math.Min(Math.Min(entries.Length - taken, target.Length - filled), BulkEntries);
            ReadOnlySpan<EventEntry> part = entries.Slice(taken, length);
            if (keepDuplicates || !HasEqualTimes(part))
            {
                part.CopyTo(target[filled..]);
                filled += length;
                last = part[^1];
                hasLast = true;
            }
            else
            {
                foreach (ref readonly EventEntry entry in part)
                {
                    if (!IsDuplicate(entry))
                    {
                        last = entry;
                        hasLast = true;
                        target[filled++] = entry;
                    }
                }
            }

            taken += length;
        }

        return filled;
    }

    private bool HasEqualTimes(ReadOnlySpan<EventEntry> entries)
    {
        bool equal = hasLast && entries[0].EventTime == last.EventTime;
        for (int index = 1; index < entries.Length; index++)
        {
            equal |= entries[index].EventTime == entries[index - 1].EventTime;
        }

        return equal;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsDuplicate(in EventEntry entry) => entry.EventTime == last.EventTime && IsDuplicateTie(entry);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsDuplicateTie(in EventEntry entry)
    {
        if (keepDuplicates || !hasLast || EventEntry.Compare(entry, last) != 0)
        {
            return false;
        }

        Duplicates++;
        if (entry.Length != last.Length
            || (entry.Address != last.Address && !entry.LogRecord.SequenceEqual(last.LogRecord)))
        {
            Conflicts++;
        }

        return true;
    }

    private bool Build()
    {
        if (DrySource >= 0)
        {
            return false;
        }

        built = true;
        if (sources.Length == 0)
        {
            return true;
        }

        // Every match is played once, from the last node to the first; winners wait at their node's place meanwhile.
        int count = sources.Length;
        var winners = new int[count * 2];
        for (int source = 0; source < count; source++)
        {
            winners[count + source] = source;
        }

        for (int node = count - 1; node > 0; node--)
        {
            int left = winners[node * 2];
            int right = winners[(node * 2) + 1];
            bool leftWins = Precedes(left, right);
            winners[node] = leftWins ? left : right;
            nodes[node] = leftWins ? right : left;
        }

        nodes[0] = winners[1];
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Replay(int source)
    {
        int[] tree = nodes;
        ulong[] times = headTimes;
        int winner = source;
        ulong winnerTime = times[winner];
        for (int node = (source + sources.Length) >> 1; node > 0; node >>= 1)
        {
            int other = tree[node];
            ulong otherTime = times[other];
            if (otherTime < winnerTime || (otherTime == winnerTime && TiePrecedes(other, winner)))
            {
                tree[node] = winner;
                winner = other;
                winnerTime = otherTime;
            }
        }

        tree[0] = winner;
    }

    /// <summary>The best of those that lost against the winner directly; -1 when there is only one source.</summary>
    private int RunnerUp(int winner)
    {
        int best = -1;
        for (int node = (winner + sources.Length) >> 1; node > 0; node >>= 1)
        {
            if (best < 0 || Precedes(nodes[node], best))
            {
                best = nodes[node];
            }
        }

        return best;
    }

    private bool Precedes(int left, int right) => headTimes[left] != headTimes[right]
        ? headTimes[left] < headTimes[right]
        : TiePrecedes(left, right);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TiePrecedes(int left, int right)
    {
        ref Source first = ref sources[left];
        ref Source second = ref sources[right];
        if (first.Ended || second.Ended)
        {
            return !first.Ended;
        }

        int order = EventEntry.Compare(first.Entries[first.Next], second.Entries[second.Next]);
        return order != 0 ? order < 0 : first.Ordinal < second.Ordinal;
    }

    private struct Source
    {
        public EventEntry[] Entries;
        public int Next;
        public int End;
        public int Ordinal;
        public bool Ended;
    }
}

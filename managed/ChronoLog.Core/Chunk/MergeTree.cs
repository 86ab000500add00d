using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Loser tree over sorted sources (Knuth, TAOCP 3, 5.4.1): log2(k) comparisons per entry. A source that wins several
/// times in a row is copied in bulk up to the runner-up's head. Of entries with an equal EventSequence the one of the
/// least arrival stamp, and then of the smallest ordinal, comes first, and the others are dropped.
/// </summary>
/// <remarks>
/// Nodes 1..k-1 hold the losers of their match with the tick of the loser's head; the leaf of source s is node k + s,
/// the parent of node n is n / 2. A match is played without a branch: which source comes next cannot be predicted, and
/// three wrong guesses per entry would cost more than everything else together. Only equal ticks take a branch. A
/// source that has run dry stays the winner until <see cref="Supply"/> or <see cref="End"/>: so at most one source is
/// dry at a time once the tree is built.
/// </remarks>
internal sealed class MergeTree
{
    /// <summary>Wins in a row after which the runner-up is looked up and the source copied in bulk.</summary>
    private const int StreakBeforeBulk = 8;

    /// <summary>
    /// Entries checked for equal neighbours and then copied at once: 8 KiB, stays in the first-level cache.
    /// </summary>
    private const int BulkEntries = 256;

    /// <summary>Length of an entry whose record is in another process.</summary>
    private const int NotHere = int.MinValue;

    private readonly Source[] sources;
    private readonly Node[] nodes;
    private readonly bool keepDuplicates;
    private readonly bool keepConflicts;
    private EventEntry last;
    private bool hasLast;
    private bool built;
    private int winner;
    private int streak;
    private int alive;

    public MergeTree(int count, bool keepDuplicates = false, bool keepConflicts = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        sources = new Source[count];
        nodes = new Node[Math.Max(count, 1)];
        alive = count;
        this.keepDuplicates = keepDuplicates;
        this.keepConflicts = keepConflicts;
    }

    public long Duplicates { get; private set; }

    public long Conflicts { get; private set; }

    /// <summary>Told of each conflict.</summary>
    public ConflictTaker? Conflicting { get; set; }

    /// <summary>
    /// Source whose present entries hold the last one delivered; -1 before the first, and when that source went on
    /// since.
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
                return alive > 0 && IsDry(winner) ? winner : -1;
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

    /// <summary>First entry that a source has left.</summary>
    public EventSequence Head(int source) => sources[source].Entries[sources[source].Next].Sequence;

    public bool IsBehindLast(in EventSequence sequence) => !hasLast || sequence > last.Sequence;

    /// <summary>Entries that are not here were delivered up to this one.</summary>
    public void Passed(in EventSequence through)
    {
        last = new EventEntry(through.EventTime, through.ClientId, through.EventIndex, 0, NotHere);
        hasLast = true;
        LastSource = -1;
    }

    /// <summary>Gives a dry source its next entries.</summary>
    public void Supply(int source, EventEntry[] entries, int start, int count, int ordinal)
    {
        RequireDry(source);
        if (count == 0)
        {
            return;
        }

        ref Source supplied = ref sources[source];
        supplied.Entries = entries;
        supplied.Next = start;
        supplied.End = start + count;
        supplied.Ordinal = ordinal;
        Changed(source);
    }

    /// <summary>Nothing more comes from a dry source.</summary>
    public void End(int source)
    {
        RequireDry(source);
        sources[source].Ended = true;
        sources[source].Entries = [];
        sources[source].Next = sources[source].End = 0;
        alive--;
        Changed(source);
    }

    /// <summary>Next entries, until the target is full, a source runs dry, or all have ended.</summary>
    public int Read(Span<EventEntry> target)
    {
        if (!built && !Build())
        {
            return 0;
        }

        int filled = 0;
        int first = winner;
        int wins = streak;
        ulong lastTime = last.EventTime;
        while (filled < target.Length && sources.Length > 0)
        {
            ref Source source = ref sources[first];
            if (source.Next == source.End)
            {
                break;
            }

            if (wins >= StreakBeforeBulk)
            {
                KeepLast(target[..filled]);
                wins = TakeBulk(first, ref source, target, ref filled) >= StreakBeforeBulk ? wins : 0;
                lastTime = last.EventTime;
            }
            else
            {
                ref readonly EventEntry head = ref source.Entries[source.Next++];
                if (head.EventTime != lastTime || !IsDuplicate(head, target[..filled]))
                {
                    target[filled++] = head;
                    lastTime = head.EventTime;
                    LastSource = first;
                }
            }

            if (source.Next < source.End)
            {
                int next = Replay(first, source.Entries[source.Next].EventTime);
                wins = next == first ? wins + 1 : 0;
                first = next;
            }
        }

        winner = first;
        streak = wins;
        KeepLast(target[..filled]);
        return filled;
    }

    private void RequireDry(int source)
    {
        if (!IsDry(source))
        {
            throw new InvalidOperationException($"merge source {source} is not dry");
        }
    }

    private void Changed(int source)
    {
        if (LastSource == source)
        {
            LastSource = -1;
        }

        if (built)
        {
            winner = Replay(source, HeadTime(source));
        }
    }

    private ulong HeadTime(int source) => sources[source].Ended
        ? ulong.MaxValue
        : sources[source].Entries[sources[source].Next].EventTime;

    /// <summary>Copies what the winner has up to the runner-up's head; returns how far it was ahead.</summary>
    private int TakeBulk(int first, ref Source source, Span<EventEntry> target, ref int filled)
    {
        ReadOnlySpan<EventEntry> rest = source.Entries.AsSpan(source.Next, source.End - source.Next);
        int runnerUp = RunnerUp(first);
        int ahead = rest.Length;
        if (runnerUp >= 0 && !sources[runnerUp].Ended)
        {
            ref Source second = ref sources[runnerUp];
            ahead = EntrySearch.Gallop(rest, second.Entries[second.Next]);
        }

        // The winner's head is next whatever the search says about equal ones.
        rest = rest[..Math.Max(ahead, 1)];
        int copied = CopyDistinct(rest, target[filled..], out int taken);
        source.Next += taken;
        filled += copied;
        LastSource = copied > 0 ? first : LastSource;
        return ahead;
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
            taken += length;
            if (keepDuplicates || !HasEqualTimes(part))
            {
                part.CopyTo(target[filled..]);
                filled += length;
                KeepLast(part);
                continue;
            }

            foreach (ref readonly EventEntry entry in part)
            {
                if (entry.EventTime != last.EventTime || !IsDuplicate(entry, []))
                {
                    target[filled++] = entry;
                    KeepLast(new ReadOnlySpan<EventEntry>(in entry));
                }
            }
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

    private void KeepLast(ReadOnlySpan<EventEntry> delivered)
    {
        if (!delivered.IsEmpty)
        {
            last = delivered[^1];
            hasLast = true;
        }
    }

    /// <summary>
    /// Whether an entry is that delivered last: of those delivered in this call, or else of the one before.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsDuplicate(in EventEntry entry, ReadOnlySpan<EventEntry> delivered)
    {
        if (keepDuplicates || (delivered.IsEmpty && !hasLast))
        {
            return false;
        }

        EventEntry before = delivered.IsEmpty ? last : delivered[^1];
        if (EventEntry.Compare(entry, before) != 0)
        {
            return false;
        }

        // Of one that is not here there is nothing to compare with.
        bool isConflict = before.Length != NotHere && (entry.Length != before.Length
            || (entry.Address != before.Address && !entry.LogRecord.SequenceEqual(before.LogRecord)));
        if (isConflict)
        {
            Conflicts++;
            Conflicting?.Invoke(entry);
        }

        bool isDropped = !(isConflict && keepConflicts);
        Duplicates += isDropped ? 1 : 0;
        return isDropped;
    }

    private bool Build()
    {
        if (DrySource >= 0)
        {
            return false;
        }

        built = true;
        int count = sources.Length;
        if (count == 0)
        {
            return true;
        }

        // Every match is played once, from the last node to the first; winners wait at their node's place meanwhile.
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
            int loser = leftWins ? right : left;
            nodes[node] = new Node { Time = HeadTime(loser), Source = loser };
        }

        winner = winners[1];
        return true;
    }

    /// <summary>Plays a source's matches from its leaf to the root, and returns who won the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Replay(int source, ulong time)
    {
        Node[] tree = nodes;
        long first = source;
        for (int index = (source + tree.Length) >> 1; index > 0; index >>= 1)
        {
            ref Node node = ref tree[index];
            ulong other = node.Time;
            bool swaps = other < time;
            if (other == time)
            {
                swaps = TiePrecedes((int)node.Source, (int)first);
            }

            // All ones when they change places, else zero.
            ulong mask = (ulong)-(long)Unsafe.As<bool, byte>(ref swaps);
            ulong times = (other ^ time) & mask;
            long places = (node.Source ^ first) & (long)mask;
            node.Time = other ^ times;
            node.Source ^= places;
            time ^= times;
            first ^= places;
        }

        return (int)first;
    }

    /// <summary>The best of those that lost against the winner directly; -1 when there is only one source.</summary>
    private int RunnerUp(int first)
    {
        int best = -1;
        for (int index = (first + nodes.Length) >> 1; index > 0; index >>= 1)
        {
            int source = (int)nodes[index].Source;
            if (best < 0 || Precedes(source, best))
            {
                best = source;
            }
        }

        return best;
    }

    private bool Precedes(int left, int right)
    {
        ulong leftTime = HeadTime(left);
        ulong rightTime = HeadTime(right);
        return leftTime != rightTime ? leftTime < rightTime : TiePrecedes(left, right);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TiePrecedes(int left, int right)
    {
        ref Source first = ref sources[left];
        ref Source second = ref sources[right];
        if (first.Ended || second.Ended)
        {
            return !first.Ended;
        }

        ref readonly EventEntry firstHead = ref first.Entries[first.Next];
        ref readonly EventEntry secondHead = ref second.Entries[second.Next];
        int order = EventEntry.Compare(firstHead, secondHead);
        if (order == 0)
        {
            // Which stamp remains must not depend on who is asked first.
            order = firstHead.Arrival.CompareTo(secondHead.Arrival);
        }

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

    private struct Node
    {
        public ulong Time;
        public long Source;
    }
}

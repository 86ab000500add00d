using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Stories;

/// <summary>
/// Which partials are wholly archived: per process and epoch the ranges of their sequence numbers, which grow
/// together as gaps fill. Bounded: what is forgotten would be pulled again when announced again, and its
/// duplicates dropped on replay.
/// </summary>
internal sealed class ArchivedSequences(int rangesMax = ArchivedSequences.RangesMaxDefault)
{
    /// <summary>16 bytes each: 1 MiB. A process whose stories are archived in step needs one.</summary>
    private const int RangesMaxDefault = 65536;

    private readonly Dictionary<(ulong ProcessId, ulong Epoch), List<(ulong First, ulong Last)>> processes = [];
    private readonly Queue<(ulong ProcessId, ulong Epoch)> order = new();

    public int Ranges { get; private set; }

    public bool Contains(in PartialKey key) =>
        processes.TryGetValue((key.ProcessId, key.Epoch), out List<(ulong First, ulong Last)>? ranges)
        && Find(ranges, key.Sequence) is >= 0 and var at
        && ranges[at].Last >= key.Sequence;

    public void Add(in PartialKey key)
    {
        List<(ulong First, ulong Last)> ranges = RangesOf((key.ProcessId, key.Epoch));
        int at = Find(ranges, key.Sequence);
        if (at >= 0 && ranges[at].Last >= key.Sequence)
        {
            return;
        }

        bool extendsLower = at >= 0 && ranges[at].Last + 1 == key.Sequence;
        bool extendsUpper = at + 1 < ranges.Count && key.Sequence + 1 == ranges[at + 1].First;
        switch (extendsLower, extendsUpper)
        {
            case (true, true):
                ranges[at] = (ranges[at].First, ranges[at + 1].Last);
                ranges.RemoveAt(at + 1);
                Ranges--;
                break;
            case (true, false):
                ranges[at] = (ranges[at].First, key.Sequence);
                break;
            case (false, true):
                ranges[at + 1] = (key.Sequence, ranges[at + 1].Last);
                break;
            default:
                ranges.Insert(at + 1, (key.Sequence, key.Sequence));
                Ranges++;
                break;
        }

        ForgetBeyondLimit();
    }

    // Index of the last range that starts at or before the number; -1 if none does.
    private static int Find(List<(ulong First, ulong Last)> ranges, ulong sequence)
    {
        int low = 0;
        int high = ranges.Count;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (ranges[middle].First <= sequence)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    private List<(ulong First, ulong Last)> RangesOf((ulong ProcessId, ulong Epoch) process)
    {
        if (!processes.TryGetValue(process, out List<(ulong First, ulong Last)>? ranges))
        {
            ranges = processes[process] = [];
            order.Enqueue(process);
        }

        return ranges;
    }

    // The oldest process's lowest numbers go first: the least likely to be announced again.
    private void ForgetBeyondLimit()
    {
        while (Ranges > rangesMax)
        {
            (ulong ProcessId, ulong Epoch) oldest = order.Peek();
            List<(ulong First, ulong Last)> ranges = processes[oldest];
            if (ranges.Count > 1 || order.Count == 1)
            {
                ranges.RemoveAt(0);
                Ranges--;
                continue;
            }

            order.Dequeue();
            processes.Remove(oldest);
            Ranges -= ranges.Count;
        }
    }
}

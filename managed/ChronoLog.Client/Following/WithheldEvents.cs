using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Client.Following;

/// <summary>Events that have come and whose turn has not: what an ordered playback holds back, bounded.</summary>
internal sealed class WithheldEvents
{
    /// <summary>What 100 bytes × 25 ms × 10 million a second are; beyond it they are read again by a replay.</summary>
    private const long BytesMax = 32 << 20;

    private readonly List<EventRun> runs = [];
    private long bytes;

    public bool IsFull => bytes > BytesMax;

    /// <summary>The greatest tick held; 0 when there is none.</summary>
    public ulong Last { get; private set; }

    /// <summary>Takes over the reference.</summary>
    public void Add(EventRun run)
    {
        runs.Add(run);
        bytes += run.RecordBytes + (run.Count * 64L);
        Last = Math.Max(Last, run.Last.EventTime);
    }

    /// <summary>Moves the events below a tick to the target; the runs that hold them go to the holders.</summary>
    public void TakeBelow(ulong tick, List<EventEntry> target, List<EventRun> holders)
    {
        var rest = new List<EventRun>();
        foreach (EventRun run in runs)
        {
            if (run.First.EventTime < tick && run.Range(0, tick) is { } part)
            {
                target.AddRange(part.Entries);
                holders.Add(part);
            }

            if (run.Last.EventTime >= tick && run.Range(tick, ulong.MaxValue) is { } left)
            {
                rest.Add(left);
            }

            run.Release();
        }

        runs.Clear();
        bytes = 0;
        Last = 0;
        rest.ForEach(Add);
    }

    /// <summary>Lets go of the events below a tick.</summary>
    public void DropBelow(ulong tick)
    {
        var dropped = new List<EventEntry>();
        var holders = new List<EventRun>();
        TakeBelow(tick, dropped, holders);
        holders.ForEach(run => run.Release());
    }

    public void Clear()
    {
        runs.ForEach(run => run.Release());
        runs.Clear();
        bytes = 0;
        Last = 0;
    }
}

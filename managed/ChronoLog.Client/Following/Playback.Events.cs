using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Client.Following;

/// <summary>Events, from a batch or a replay's page, into the pages that are shown.</summary>
internal sealed partial class Playback
{
    // Ordered: everything below it was shown, but for late ones.
    private ulong completeThrough;
    private ulong storyWatermark;
    private EventSequence? lastShown;

    // What a parked question waits for besides events. Never for a tick that is still to come: one event of a clock that is
    // ahead would hold up all others.
    private ulong Through()
    {
        if (!IsOrdered)
        {
            return 0;
        }

        ulong wanted = isReplayWanted ? settledAfter : withheld.Last == 0 ? 0 : withheld.Last + 1;
        wanted = Math.Min(wanted, ports.Clock.Now);
        return wanted > readThrough ? wanted : 0;
    }

    private void TakeBatches(IReadOnlyCollection<ByteString> batches)
    {
        var events = new List<EventEntry>();
        var holders = new List<EventRun>();
        try
        {
            foreach (ByteString batch in batches)
            {
                EventRun run = PageMaker.ToRun(batch, route!.Story.StoryId);
                holders.Add(run);
                Sort(run, events);
            }

            Show(events);
        }
        finally
        {
            holders.ForEach(run => run.Release());
        }

        if (withheld.IsFull)
        {
            WantReplay(completeThrough);
        }
    }

    // What is shown now, and what has to wait for its turn.
    private void Sort(EventRun run, List<EventEntry> now)
    {
        if (!IsOrdered)
        {
            now.AddRange(run.Entries);
            return;
        }

        if (run.First.EventTime < completeThrough && run.Range(0, completeThrough) is { } late)
        {
            now.AddRange(late.Entries);
            late.Release(); // the whole run is held until they are shown
        }

        if (IsByRule && run.Last.EventTime >= completeThrough)
        {
            WantRuleReplay(run.Last.EventTime);
        }
        else if (run.Range(completeThrough, ulong.MaxValue) is { } later)
        {
            withheld.Add(later);
        }
    }

    // Ordered: shows what all Keepers have read through.
    private void Release()
    {
        if (!IsOrdered || isReplayWanted || readThrough <= completeThrough || IsByRule)
        {
            return;
        }

        var events = new List<EventEntry>();
        var holders = new List<EventRun>();
        withheld.TakeBelow(readThrough, events, holders);
        ulong shownThrough = completeThrough;
        Show(events, readThrough);
        completeThrough = Math.Max(shownThrough, readThrough);
        holders.ForEach(run => run.Release());
        RaiseFloor();
    }

    // What is to be read again has to be remembered from there on. A history is read once, and in order: up to where it has
    // come nothing is read again, if nothing is missing there.
    private void RaiseFloor()
    {
        ulong floor = IsOrdered ? Math.Min(storyWatermark, completeThrough) : storyWatermark;
        if (isReplayWanted)
        {
            ulong come = !isHistory ? 0 : IsByArrival ? completeThrough : replayedThrough?.EventTime ?? 0;
            ulong read = Math.Max(come, replayFrom);
            floor = Math.Min(floor, isHistory && replay is not null ? Math.Min(read, missingFrom) : read);
        }

        shown.Raise(floor);
    }

    private void Show(List<EventEntry> events, ulong watermark = 0)
    {
        events.Sort(static (left, right) => EventEntry.Compare(left, right));
        var late = new List<EventEntry>();
        var inOrder = new List<EventEntry>();
        foreach (EventEntry entry in events)
        {
            EventSequence sequence = entry.Sequence;
            if (sequence.EventTime >= from && shown.Add(sequence))
            {
                (IsInOrder(sequence) ? inOrder : late).Add(entry);
            }
        }

        Enqueue(late, isInOrder: false, StatedWatermark);
        Enqueue(inOrder, isInOrder: true, Math.Max(watermark, StatedWatermark));
    }

    private bool IsInOrder(in EventSequence sequence) =>
        (lastShown is not { } last || sequence > last) && (!IsOrdered || sequence.EventTime >= completeThrough);

    private void Enqueue(List<EventEntry> events, bool isInOrder, ulong watermark)
    {
        if (events.Count > 0)
        {
            EventPage page = PageMaker.ToPage(
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(events), route!.Story.StoryId);
            Enqueue(page, isInOrder, watermark);
        }
    }

    private void Enqueue(EventPage page, bool isInOrder, ulong watermark)
    {
        EventSequence last = page.Events[^1].Sequence;
        lastShown = lastShown is { } before && before > last ? before : last;
        ready.Enqueue(new PlaybackPage(page, isInOrder, watermark, CurrentGaps()));
    }

    /// <summary>The stretches of a page of the replay that were not shown before. False: its limit is reached.</summary>
    private bool ShowReplayed(EventPage page)
    {
        ReadOnlySpan<EventEntry> events = page.Events;
        int start = 0;
        bool isInOrder = true;
        bool isWithin = true;
        for (int i = 0; i <= events.Length; i++)
        {
            bool isShown = false;
            bool isNextInOrder = isInOrder;
            if (i < events.Length)
            {
                EventSequence sequence = events[i].Sequence;
                isWithin = sequence.EventTime < replayLimit || replayLimit == ulong.MaxValue;
                isShown = isWithin && IsNew(sequence);
                isNextInOrder = IsByRule ? sequence.EventTime >= completeThrough : IsInOrder(sequence);
            }

            if (i > start && (!isShown || isNextInOrder != isInOrder))
            {
                Enqueue(page.Slice(start, i - start), isInOrder, StatedWatermark);
                start = i;
            }

            start = isShown ? start : i + 1;
            isInOrder = isNextInOrder;
            if (!isWithin)
            {
                if (HoldsBack)
                {
                    HoldBack(page, i);
                    return true;
                }

                return false;
            }
        }

        replayedThrough = IsByArrival ? null : events[^1].Sequence;
        if (IsOrdered)
        {
            // More of that tick may follow, in order; by arrival, of that granule.
            ulong through = IsByArrival ? WholeThrough(events[^1].EventTime) : events[^1].EventTime;
            completeThrough = Math.Max(completeThrough, through);
            RaiseFloor();
        }

        return true;
    }

    private void HoldBack(EventPage page, int start)
    {
        if (IsByRule)
        {
            aheadByRule = Math.Max(aheadByRule, page.Events[^1].EventTime);
        }
        else if (!withheld.IsFull)
        {
            withheld.Add(page.SliceRun(start, page.Count - start));
        }
    }

    private bool IsNew(in EventSequence sequence)
    {
        bool isPassed = replayedThrough is { } through && sequence <= through && sequence.EventTime < shown.Floor;

        // A rule may give an event the identity of one that was shown as it is stored.
        return !isPassed && (shown.Add(sequence) || (IsByRule && !IsByArrival && sequence.EventTime >= completeThrough));
    }
}

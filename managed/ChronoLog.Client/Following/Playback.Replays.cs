using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client.Following;

/// <summary>What is read by replay: the history, and what the feed could not bring.</summary>
internal sealed partial class Playback
{
    private static readonly TimeSpan PauseTroubled = TimeSpan.FromSeconds(5);

    // Reads history from the beginning at first.
    private bool isReplayWanted = true;
    private bool isHistory = true;
    private bool hasJoined;
    private ulong replayFrom;
    private ulong settledAfter;

    // What was recorded before the feed's position was taken is in no batch, be it ahead of what the Keepers have read through
    // (clocks differ): an ordered one reads it together with what is final, and holds it back.
    private bool isAheadWanted;
    private bool isReplaySettled;
    private ulong aheadByRule;
    private long wantedSince;
    private long notBefore;
    private long replayOpened;

    // The replay that is open: what was asked for, how much of it is shown, how far it has come.
    private Replay? replay;
    private IAsyncEnumerator<EventPage>? pages;
    private ulong replayEnd;
    private ulong replayLimit;
    private List<Gap> knownGaps = [];
    private ulong missingFrom;
    private EventSequence? replayedThrough;
    private ChronicleAttributes? attributes;

    private bool IsReplayDue
    {
        get
        {
            long now = ports.Timers.MonotonicNanoseconds;
            if (!isReplayWanted || now < notBefore)
            {
                return false;
            }

            // An ordered one reads up to where all Keepers have read, as of after the feed's position was taken. The other
            // one tries again when nobody is missing: somebody who comes back begins a new feed at once.
            return IsOrdered
                ? IsSettled || now - wantedSince >= (long)Patience.TotalNanoseconds
                : playerGaps.Count == 0 || notBefore == 0;
        }
    }

    private bool IsSettled => readThrough >= settledAfter;

    private ChronicleAttributes Attributes => attributes ??= ChronicleAttributes.Parse(route!.Story.Attributes);

    // One by one, events are shown as they are stored; a rule has to see them together, and a replay does that.
    private bool IsByRule => IsOrdered && Attributes.Collision is not CollisionPolicy.Redundancy;

    // Within a granule events come in the order of their arrival, in which their EventSequences say nothing.
    private bool IsByArrival => IsOrdered && Attributes.Collision is CollisionPolicy.Ordering;

    // Up to where granules are whole below a tick, where a rule needs them to be.
    private ulong WholeThrough(ulong tick) => IsByRule ? tick - (tick % Attributes.GranularityNanoseconds) : tick;

    /// <param name="oldest">Smallest tick of what was passed over; 0 = whatever may be missing.</param>
    private void WantReplay(ulong oldest)
    {
        if (hasJoined && oldest < (IsByNewTicks ? completeThrough : shown.Floor))
        {
            Owe(oldest);
        }

        // What comes on top of a history that was begun may lie below what it has shown already.
        isHistory = isHistory && !hasJoined;
        wantedSince = hasJoined ? wantedSince : ports.Timers.MonotonicNanoseconds;
        hasJoined = true;
        ulong from = Math.Max(oldest, shown.Floor);
        from = IsOrdered ? Math.Min(from, completeThrough) : from; // what was withheld is read again, too
        replayFrom = isReplayWanted ? Math.Min(replayFrom, from) : from;
        Want(ports.Clock.Now);
        isAheadWanted = IsOrdered;
        withheld.Clear();
    }

    private void Want(ulong settled)
    {
        wantedSince = isReplayWanted && notBefore == 0 ? wantedSince : ports.Timers.MonotonicNanoseconds;
        isReplayWanted = true;
        notBefore = 0;
        settledAfter = Covering(settled);
    }

    // Where granules have to be whole, what was recorded up to a tick is read when its granule is over.
    private ulong Covering(ulong tick) => IsByRule ? WholeThrough(tick) + Attributes.GranularityNanoseconds : tick;

    private void WantRuleReplay(ulong last)
    {
        aheadByRule = Math.Max(aheadByRule, last); // what a replay that is wanted already does not cover is wanted after it
        if (!isReplayWanted)
        {
            Want(Math.Min(last, ports.Clock.Now));
            replayFrom = completeThrough;
        }
    }

    private async Task OpenReplayAsync(CancellationToken cancellation)
    {
        replayedThrough = IsLateWanted ? null : replayedThrough;
        if (replayedThrough is { } through)
        {
            // One that broke off is gone on with.
            replayFrom = Math.Max(replayFrom, Math.Min(through.EventTime, shown.Floor));
        }

        if (IsByNewTicks || (IsByRule && isHistory))
        {
            replayFrom = completeThrough;
        }

        replayFrom = Math.Min(replayFrom, lateFrom);
        replayOpened = ports.Timers.MonotonicNanoseconds;
        bool isSettled = IsSettled;
        isReplaySettled = isSettled;
        ulong settled = IsOrdered && isSettled ? WholeThrough(readThrough) : ulong.MaxValue;
        replayEnd = isAheadWanted ? ulong.MaxValue : settled;
        if (replayEnd <= replayFrom)
        {
            replayLimit = replayEnd;
            EndReplay();
            return;
        }

        replay = await client.OpenReplayAsync(route!, replayFrom, replayEnd, isRaw: !IsByRule, cancellation)
            .ConfigureAwait(ports.StaysOnContext);

        // When nobody says how far the Keepers have read: up to the watermark everything is final all the same.
        replayLimit = isSettled || !IsOrdered ? settled : WholeThrough(replay.Watermark);
        knownGaps = OpenGaps();
        missingFrom = knownGaps.Select(static gap => gap.StartTime).Append(ulong.MaxValue).Min();
        foreach (Gap gap in knownGaps)
        {
            replayLimit = IsOrdered ? Math.Min(replayLimit, WholeThrough(gap.StartTime)) : replayLimit;
        }

        withheld.DropBelow(replayLimit); // they came before the replay was opened: it has them
        pages = replay.GetAsyncEnumerator(cancellation);
    }

    private async Task ReadReplayAsync(CancellationToken cancellation)
    {
        bool isPage = (replayLimit > replayFrom || HoldsBack) && await pages!.MoveNextAsync().ConfigureAwait(ports.StaysOnContext);

        // Somebody who fails in the middle: what comes behind that point is read again, together with what he has.
        Gap? broken = OpenGaps().Where(gap => !knownGaps.Contains(gap)).MinBy(gap => gap.StartTime);
        if (broken is not null)
        {
            replayLimit = Math.Min(replayLimit, WholeThrough(broken.StartTime));
        }

        // What lies before it may still be on its way: a gap is stated as soon as it is known.
        if (isPage && ShowReplayed(pages!.Current))
        {
            return;
        }

        List<Gap> open = OpenGaps();
        List<Gap> lost = [.. replay!.Gaps.Where(gap => !open.Contains(gap) && gap.StartTime < replayLimit)];
        await CloseReplayAsync().ConfigureAwait(ports.StaysOnContext);
        if (lost.Count > 0)
        {
            ready.Enqueue(new PlaybackPage(null, isInOrder: true, StatedWatermark, lost)); // passed over: said once
        }

        EndReplay(open, broken);
    }

    private void EndReplay(List<Gap>? open = null, Gap? broken = null)
    {
        replayGaps = open ?? [];
        replayedThrough = null;
        bool isWhole = replayGaps.Count == 0 && (!IsOrdered || isReplaySettled);
        isHistory = isHistory && !isWhole && (IsOrdered || replayGaps.Count == 0);
        if (isWhole)
        {
            isReplayWanted = false;
            isAheadWanted = false;
            lateFrom = ulong.MaxValue;
        }
        else
        {
            // Once more, a little later: until who is away answers.
            ulong complete = IsOrdered ? replayLimit : replayGaps.Min(gap => gap.StartTime);
            replayFrom = Math.Max(Math.Max(replayFrom, complete), IsOrdered || IsLateWanted ? 0 : shown.Floor);
            lateFrom = IsLateWanted ? Math.Max(lateFrom, complete) : lateFrom;
            settledAfter = Covering(ports.Clock.Now); // the range has to end behind what is missing, or it is missing for ever
            PauseReplays(playerGaps.Count > 0 && broken is null ? PauseTroubled : WaitTroubled);
        }

        if (IsOrdered && replayLimit != ulong.MaxValue)
        {
            completeThrough = Math.Max(completeThrough, replayLimit);
        }

        RaiseFloor();
        if (aheadByRule >= completeThrough && aheadByRule > 0)
        {
            WantRuleReplay(aheadByRule);
        }

        if (withheld.IsFull && !isReplayWanted)
        {
            WantReplay(completeThrough);
        }

        Release();
        StateGaps();
    }

    // A long one that has a gap, perhaps for ever, is not read all the time: for a tenth of it at most.
    private void PauseReplays(TimeSpan least)
    {
        const int PausePerRead = 9;
        long now = ports.Timers.MonotonicNanoseconds;
        notBefore = now + Math.Max((long)least.TotalNanoseconds, PausePerRead * (now - replayOpened));
    }

    // Not when it is to be read once more anyway.
    private bool HoldsBack => isAheadWanted && isReplaySettled && knownGaps.Count == 0;

    private async Task CloseReplayAsync()
    {
        (Replay? open, IAsyncEnumerator<EventPage>? enumerator) = (replay, pages);
        (replay, pages) = (null, null);
        if (enumerator is not null)
        {
            await enumerator.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        }

        if (open is not null)
        {
            await open.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        }
    }

    // One that reaches to the end of the range: somebody did not answer, and his events may still come. Others are losses.
    private List<Gap> OpenGaps() => [.. replay!.Gaps.Where(gap => gap.EndTime >= replayEnd)];
}

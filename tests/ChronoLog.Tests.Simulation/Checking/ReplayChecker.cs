using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Checking;

/// <summary>Holds every replay, during the chaos and after it, against the reference model.</summary>
internal sealed class ReplayChecker(SimWorld world, ReferenceModel model, Func<StoryName, bool> isDestroyed)
{
    private readonly Dictionary<string, Settled> settled = [];

    /// <summary>Replays checked, and those of them that were complete.</summary>
    public int Replays { get; private set; }

    public int CompleteReplays { get; private set; }

    public void Check(ReplayResult replay)
    {
        Replays++;
        CompleteReplays += replay.IsComplete ? 1 : 0;
        CheckOrder(replay);
        CheckContent(replay);
        CheckPromised(replay);
        if (replay.IsWhole && replay.IsComplete)
        {
            CheckSettled(replay);
        }
    }

    /// <summary>Every tick that a client gives an event is greater than its last one.</summary>
    public void CheckTick(string client, ulong last, ulong tick)
    {
        if (tick <= last)
        {
            Broken("ticks never go back", $"{client} gave {tick} after {last}");
        }
    }

    /// <summary>Over a restart of the Visor in one boot of its node the base clock goes on.</summary>
    public void CheckBase(ulong before, ulong after)
    {
        if (before != after)
        {
            Broken("the base clock goes on", $"a restarted Visor reads {after} where the last one would read {before}");
        }
    }

    /// <summary>The base clock is within the uncertainty that a process states.</summary>
    public void CheckClock(string process, ulong truth, ulong tick, ulong uncertainty)
    {
        ulong error = truth > tick ? truth - tick : tick - truth;
        if (error > uncertainty)
        {
            Broken("the stated uncertainty", $"{process} is off by {error} ns and states {uncertainty} ns");
        }
    }

    /// <summary>After the drain: the archive has every event that is promised, and each once.</summary>
    public void CheckArchive(IReadOnlyList<SimStoryFile> files)
    {
        if (files.Any(static file => !file.IsReadable) || world.Violations.Any)
        {
            return; // what rotted is not there; what was written beside it may be there again
        }

        foreach (IGrouping<string, SimStoryFile> story in files.GroupBy(static file => file.Story.Story))
        {
            // A copy that arrived earlier than the archived one is archived too, so that it counts from then on.
            HashSet<EventSequence> found = [.. story.SelectMany(static file => file.Identities)];
            var copies = new HashSet<(EventSequence, ulong)>();
            foreach ((EventSequence sequence, ulong arrival) in story.SelectMany(static file => file.Arrivals))
            {
                if (!copies.Add((sequence, IsOrdered(story.Key) ? arrival : 0)))
                {
                    Broken("exactly once in the archive", $"{sequence} of {story.Key} is there twice");
                }
            }

            RecordedEvent? back = model.Story(story.Key).Values.FirstOrDefault(
                recorded => recorded.GoneAt < world.Now && found.Contains(recorded.Sequence));
            if (back is not null)
            {
                Broken("destroyed is gone", $"{back.Sequence} of {story.Key} is in the archive after the drain");
            }

            RecordedEvent? missing = model.Story(story.Key).Values.FirstOrDefault(
                recorded => recorded.IsPromised(model.Returns) && !found.Contains(recorded.Sequence));
            if (missing is not null)
            {
                Broken("archived", $"{missing.Sequence} of {story.Key} is in no StoryFile after the drain");
            }
        }
    }

    /// <summary>
    /// What came below a stated watermark is flagged: the files say of at least as many events that they came late. In runs
    /// in which no Keeper and no Grapher began anew: such a one does not know what was stated before.
    /// </summary>
    public void CheckLate(IReadOnlyList<SimStoryFile> files)
    {
        if (world.Violations.Any)
        {
            return; // the archive may not be complete
        }

        foreach (IGrouping<string, SimStoryFile> story in files.GroupBy(static file => file.Story.Story))
        {
            long late = model.Story(story.Key).Values.Count(static recorded => recorded.CameLate && !recorded.MayBeLost);
            long flagged = story.Sum(static file => file.LateEvents);
            if (flagged < late)
            {
                Broken("late is flagged", $"{late} events of {story.Key} came below a watermark, {flagged} are flagged");
            }
        }
    }

    /// <summary>A Grapher records that everything of the story below the tick is archived: it is.</summary>
    public void CheckArchivedThrough(StoryDescriptor story, ulong through, ArchiveDisk archive)
    {
        if (isDestroyed(story.Name))
        {
            return; // a late message brought it to a Grapher that has not asked the Visor yet
        }

        var found = archive.Visible(story).Where(static file => file.State == StoryFileState.Synced)
            .SelectMany(static file => file.Identities).ToHashSet();
        RecordedEvent? missing = model.Story(story.Story).Values.FirstOrDefault(recorded =>
            recorded.Sequence.EventTime < through && recorded.IsPromised(model.Returns)
            && !recorded.IsGiven && !found.Contains(recorded.Sequence)); // a late one may be in a ring
        if (missing is not null)
        {
            Broken(
                "archived below the recorded watermark",
                $"{missing.Sequence} of {story.Story} is in no StoryFile, and {through} is recorded");
        }
    }

    private static bool IsOrdered(string story) => Deployment.ChronicleOf(story) == Deployment.Ordered;

    private void CheckOrder(ReplayResult replay)
    {
        if (IsOrdered(replay.Story))
        {
            CheckGranules(replay);
            return;
        }

        for (int i = 1; i < replay.Events.Count; i++)
        {
            (EventSequence before, EventSequence next) = (replay.Events[i - 1].Sequence, replay.Events[i].Sequence);
            if (next <= before)
            {
                Broken(next == before ? "exactly once" : "total order", $"{next} follows {before} in {replay}");
                return;
            }
        }
    }

    private void CheckGranules(ReplayResult replay)
    {
        var found = new HashSet<EventSequence>();
        ulong granule = 0;
        foreach ((EventSequence sequence, _) in replay.Events)
        {
            ulong next = sequence.EventTime / Deployment.Granule;
            if (next < granule || !found.Add(sequence))
            {
                Broken(next < granule ? "total order" : "exactly once", $"{sequence} in granule {next} in {replay}");
                return;
            }

            granule = next;
        }
    }

    private void CheckContent(ReplayResult replay)
    {
        IReadOnlyDictionary<EventSequence, RecordedEvent> story = model.Story(replay.Story);
        foreach ((EventSequence sequence, byte[] record) in replay.Events)
        {
            if (sequence.EventTime < replay.StartTime || sequence.EventTime >= replay.EndTime)
            {
                Broken("the range asked for", $"{sequence} in {replay}");
            }
            else if (!story.TryGetValue(sequence, out RecordedEvent? recorded) || recorded.Fate == EventFate.Reserved)
            {
                Broken("no event invented", $"{sequence} ({recorded?.Fate}) in {replay}");
            }
            else if (replay.AskedAt > recorded.GoneAt)
            {
                Broken("destroyed is gone", $"{sequence} is back in {replay}");
            }
            else if (!recorded.Record.AsSpan().SequenceEqual(record))
            {
                Broken("byte for byte", $"{sequence} has other bytes in {replay}");
            }
        }
    }

    private void CheckPromised(ReplayResult replay)
    {
        HashSet<EventSequence> found = [.. replay.Events.Select(static each => each.Sequence)];
        foreach (RecordedEvent recorded in model.Story(replay.Story).Values)
        {
            ulong tick = recorded.Sequence.EventTime;
            if (tick >= replay.StartTime && tick < replay.EndTime && recorded.IsPromised(replay.ReturnedBefore)
                && !found.Contains(recorded.Sequence) && !replay.IsInGap(tick))
            {
                Broken(
                    "nothing lost, nothing short called complete",
                    $"{recorded.Sequence} (confirmed {recorded.Confirmed}, ring on {recorded.Places}) "
                    + $"is missing in {replay}");
                return;
            }
        }
    }

    // Below a stated watermark the set of events is complete and will not change.
    private void CheckSettled(ReplayResult replay)
    {
        // One that was asked for before the watermark was stated may have an older snapshot.
        if (settled.TryGetValue(replay.Story, out Settled? before) && replay.AskedAt >= before.StatedAt)
        {
            List<EventSequence> order = Below(replay, before.Watermark);
            HashSet<EventSequence> now = [.. order];
            CheckSameOrder(replay, before, order);
            if (!now.SetEquals(before.Order) && Changed(replay.Story, [.. before.Order], now) is { } changed)
            {
                Broken(
                    "nothing changes below the watermark",
                    $"{changed} {(now.Contains(changed) ? "came" : "went")} below {before.Watermark}, in {replay}");
            }
        }

        if (before is null || replay.Watermark >= before.Watermark)
        {
            settled[replay.Story] = new Settled(world.Now, replay.Watermark, Below(replay, replay.Watermark));
        }
    }

    // Same range, same order, whatever tiers the events were in meanwhile.
    private void CheckSameOrder(ReplayResult replay, Settled before, List<EventSequence> order)
    {
        IReadOnlyDictionary<EventSequence, RecordedEvent> events = model.Story(replay.Story);
        HashSet<EventSequence> common = [.. before.Order.Intersect(order).Where(each => !events[each].MayBeLost)];
        List<EventSequence> now = order.FindAll(common.Contains);
        List<EventSequence> then = before.Order.FindAll(common.Contains);
        int at = now.Zip(then).TakeWhile(static pair => pair.First == pair.Second).Count();
        if (at < now.Count)
        {
            Broken("same order below the watermark", $"{now[at]} stands where {then[at]} stood, in {replay}");
        }
    }

    // Events that a power loss took from their Keeper may come and go: nobody promised them.
    private EventSequence? Changed(string story, HashSet<EventSequence> before, HashSet<EventSequence> now)
    {
        var changed = new HashSet<EventSequence>(before);
        changed.SymmetricExceptWith(now);
        IReadOnlyDictionary<EventSequence, RecordedEvent> events = model.Story(story);
        foreach (EventSequence sequence in changed.Order())
        {
            RecordedEvent recorded = events[sequence];
            if (recorded.IsGiven && now.Contains(sequence))
            {
                recorded.CameLate = true; // and has to be counted
            }
            else if (!recorded.MayBeLost)
            {
                return sequence;
            }
        }

        return null;
    }

    private static List<EventSequence> Below(ReplayResult replay, ulong watermark) =>
        [.. replay.Events.Select(static each => each.Sequence).Where(sequence => sequence.EventTime < watermark)];

    private void Broken(string promise, string what) => world.Violations.Add(promise, what);

    private sealed record Settled(long StatedAt, ulong Watermark, List<EventSequence> Order);
}

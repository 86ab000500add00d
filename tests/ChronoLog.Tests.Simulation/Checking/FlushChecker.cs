using ChronoLog.Core.Model;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Checking;

/// <summary>
/// A flush that returned is a promise: looks on the disks, at that moment, whether what it covers is where it has to be.
/// </summary>
internal sealed class FlushChecker(Deployment deployment)
{
    /// <summary>Flushes that returned.</summary>
    public int Flushes { get; private set; }

    /// <summary>Books what the flush promises, and checks it.</summary>
    public void Flushed(string client, DurabilityLevel level, IReadOnlyList<RecordedEvent> covered)
    {
        Flushes++;
        var journals = new Dictionary<JournalDisk, HashSet<EventSequence>>();
        HashSet<EventSequence>? archived = null;
        foreach (RecordedEvent recorded in covered)
        {
            // Another flush may have come further meanwhile.
            recorded.Confirmed = recorded.Confirmed > level ? recorded.Confirmed : level;
            if (recorded.MayBeLost)
            {
                continue; // power went, or somebody destroys the story, at this very moment
            }

            EventSequence sequence = recorded.Sequence;
            int copies = level switch
            {
                DurabilityLevel.Archived => 0,
                _ => recorded.Nodes.SelectMany(deployment.JournalsOn).Count(
                    journal => Identities(journals, journal, level).Contains(sequence)),
            };
            if (level > DurabilityLevel.Accepted && copies < (level == DurabilityLevel.Replicated ? 2 : 1)
                && !(archived ??= Archived()).Contains(sequence))
            {
                deployment.World.Violations.Add(
                    "a flush is a promise",
                    $"{client} was told that {sequence} is {level}; {copies} journals and no StoryFile have it");
                return;
            }
        }
    }

    /// <summary>A Keeper that was stopped in order says that nothing is left with it.</summary>
    public void Drained(string keeper)
    {
        HashSet<EventSequence> archived = Archived();
        Dictionary<EventSequence, RecordedEvent> known =
            deployment.Model.All.ToDictionary(static recorded => recorded.Sequence);
        foreach (EventSequence sequence in deployment.JournalOf(keeper).Identities(isSynced: false))
        {
            if (!archived.Contains(sequence) && known.TryGetValue(sequence, out RecordedEvent? recorded)
                && !recorded.MayBeLost)
            {
                deployment.World.Violations.Add(
                    "an orderly stop is complete", $"{keeper} left {sequence} in its journal only, and said it was done");
                return;
            }
        }
    }

    private HashSet<EventSequence> Archived() =>
    [
        .. deployment.StoryFiles.Where(static file => file.State == StoryFileState.Synced && file.IsFinished)
            .SelectMany(static file => file.Identities),
    ];

    private static HashSet<EventSequence> Identities(
        Dictionary<JournalDisk, HashSet<EventSequence>> known, JournalDisk journal, DurabilityLevel level)
    {
        if (!known.TryGetValue(journal, out HashSet<EventSequence>? found))
        {
            known[journal] = found = [.. journal.Identities(isSynced: level >= DurabilityLevel.Synced)];
        }

        return found;
    }
}

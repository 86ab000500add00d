using ChronoLog.Core.Model;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Checking;

/// <summary>What was recorded, by story and identity: simple and slow.</summary>
internal sealed class ReferenceModel
{
    private readonly SortedDictionary<string, SortedDictionary<EventSequence, RecordedEvent>> stories =
        new(StringComparer.Ordinal);

    /// <summary>Returns of log_event so far.</summary>
    public long Returns { get; private set; }

    public IEnumerable<RecordedEvent> All => stories.Values.SelectMany(static story => story.Values);

    public IReadOnlyDictionary<EventSequence, RecordedEvent> Story(string name)
    {
        if (!stories.TryGetValue(name, out SortedDictionary<EventSequence, RecordedEvent>? events))
        {
            events = stories[name] = [];
        }

        return events;
    }

    public void Add(string story, RecordedEvent recorded) =>
        ((SortedDictionary<EventSequence, RecordedEvent>)Story(story)).Add(recorded.Sequence, recorded);

    public void Return(RecordedEvent recorded) => recorded.Returned = ++Returns;

    /// <summary>
    /// Somebody destroys a story: what it has may be there or not, until it is said to be gone.
    /// </summary>
    /// <returns>What was recorded before, and by calls that have returned: it must go.</returns>
    public IReadOnlyList<RecordedEvent> BeginDestroying(string story)
    {
        List<RecordedEvent> events = [.. Story(story).Values];
        events.ForEach(static recorded => recorded.MayBeLost = true);
        return [.. events.Where(static recorded => recorded.Returned > 0)];
    }

    /// <summary>Power went at a node: what was not synced there is promised no more.</summary>
    public void LosePower(SimNode node)
    {
        foreach (RecordedEvent recorded in All)
        {
            recorded.MayBeLost |= recorded.Nodes.Contains(node) && recorded.Confirmed < DurabilityLevel.Synced;
        }
    }
}

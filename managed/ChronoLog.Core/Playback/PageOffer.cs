using ChronoLog.Core.Model;

namespace ChronoLog.Core.Playback;

/// <summary>
/// A page as its source describes it: enough to place it in a merge, or to give it out as it is, without an entry being
/// made of any of its events.
/// </summary>
/// <param name="count">Events in it, at least 1.</param>
/// <param name="first">Its first event.</param>
/// <param name="last">Its last event.</param>
public abstract class PageOffer(int count, EventSequence first, EventSequence last)
{
    public int Count { get; } = count;

    public EventSequence First { get; } = first;

    public EventSequence Last { get; } = last;
}

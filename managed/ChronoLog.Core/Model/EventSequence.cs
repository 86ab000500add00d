namespace ChronoLog.Core.Model;

/// <summary>An event's identity within its story, and the total order of every replay.</summary>
/// <param name="EventTime">ChronoTick: nanoseconds on the base clock since the Unix epoch.</param>
/// <param name="ClientId">Issued by the Visor, never reused.</param>
/// <param name="EventIndex">The client's own counter.</param>
public readonly record struct EventSequence(ulong EventTime, ulong ClientId, uint EventIndex)
    : IComparable<EventSequence>
{
    /// <summary>Order by time, then client, then index.</summary>
    public int CompareTo(EventSequence other)
    {
        int order = EventTime.CompareTo(other.EventTime);
        if (order == 0)
        {
            order = ClientId.CompareTo(other.ClientId);
        }

        return order != 0 ? order : EventIndex.CompareTo(other.EventIndex);
    }

    public static bool operator <(EventSequence left, EventSequence right) => left.CompareTo(right) < 0;

    public static bool operator >(EventSequence left, EventSequence right) => left.CompareTo(right) > 0;

    public static bool operator <=(EventSequence left, EventSequence right) => left.CompareTo(right) <= 0;

    public static bool operator >=(EventSequence left, EventSequence right) => left.CompareTo(right) >= 0;
}

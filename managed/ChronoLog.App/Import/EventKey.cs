namespace ChronoLog.App.Import;

/// <summary>An event's identity, in the order of a replay.</summary>
internal readonly record struct EventKey(ulong Time, ulong ClientId, uint Index) : IComparable<EventKey>
{
    public int CompareTo(EventKey other)
    {
        int order = Time.CompareTo(other.Time);
        order = order != 0 ? order : ClientId.CompareTo(other.ClientId);
        return order != 0 ? order : Index.CompareTo(other.Index);
    }
}

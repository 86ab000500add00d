namespace ChronoLog.App.Import;

/// <summary>Events in memory, sorted when they are first read.</summary>
internal sealed class MemoryEvents(int bytesMax) : ISortedEvents
{
    // What an event takes beside its record.
    private const int KeyBytes = 32;

    private readonly List<(EventKey Key, int Offset, int Length)> events = [];
    private byte[] records = new byte[Math.Min(bytesMax, 1 << 16)];
    private int used;
    private int at = -1;
    private bool isSorted = true; // as most logs are

    public int Count => events.Count;

    public EventKey Key => events[at].Key;

    public ReadOnlySpan<byte> Record => records.AsSpan(events[at].Offset, events[at].Length);

    /// <summary>False when it is full; an empty one takes any event.</summary>
    public bool TryAdd(EventKey key, ReadOnlySpan<byte> record)
    {
        if (events.Count > 0 && used + record.Length + ((events.Count + 1L) * KeyBytes) > bytesMax)
        {
            return false;
        }

        if (used + record.Length > records.Length)
        {
            Array.Resize(ref records, Math.Max(used + record.Length, Math.Min(2 * records.Length, bytesMax)));
        }

        isSorted = isSorted && (events.Count == 0 || events[^1].Key.CompareTo(key) <= 0);
        record.CopyTo(records.AsSpan(used));
        events.Add((key, used, record.Length));
        used += record.Length;
        return true;
    }

    public bool MoveNext()
    {
        if (at < 0 && !isSorted)
        {
            events.Sort(static (left, right) => left.Key.CompareTo(right.Key));
        }

        return ++at < events.Count;
    }

    /// <summary>Empty again.</summary>
    public void Clear()
    {
        events.Clear();
        used = 0;
        at = -1;
        isSorted = true;
    }

    public void Dispose()
    {
    }
}

namespace ChronoLog.App.Import;

/// <summary>Several sorted inputs as one; owns them.</summary>
internal sealed class MergedEvents : ISortedEvents
{
    private readonly IReadOnlyList<ISortedEvents> inputs;
    private readonly PriorityQueue<ISortedEvents, EventKey> waiting = new();
    private ISortedEvents? current;
    private bool isReading;

    public MergedEvents(IReadOnlyList<ISortedEvents> inputs) => this.inputs = inputs;

    public EventKey Key => current!.Key;

    public ReadOnlySpan<byte> Record => current!.Record;

    public bool MoveNext()
    {
        if (!isReading)
        {
            isReading = true;
            foreach (ISortedEvents input in inputs.Where(static input => input.MoveNext()))
            {
                waiting.Enqueue(input, input.Key);
            }
        }
        else if (current is not null && current.MoveNext())
        {
            // Mostly the same input goes on: a log is nearly in order, and its parts hardly overlap.
            if (!waiting.TryPeek(out _, out EventKey next) || current.Key.CompareTo(next) <= 0)
            {
                return true;
            }

            waiting.Enqueue(current, current.Key);
        }

        return waiting.TryDequeue(out current, out _);
    }

    public void Dispose()
    {
        foreach (ISortedEvents input in inputs)
        {
            input.Dispose();
        }
    }
}

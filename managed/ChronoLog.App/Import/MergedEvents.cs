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
        foreach (ISortedEvents input in isReading ? current is null ? [] : [current] : inputs)
        {
            if (input.MoveNext())
            {
                waiting.Enqueue(input, input.Key);
            }
        }

        isReading = true;
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

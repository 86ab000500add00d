using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Immutable slice of events in order of EventSequence (duplicates allowed), with a reference on their blocks.</summary>
public sealed class EventRun
{
    public EventRun(EventEntry[] entries, int start, int count, IReadOnlyList<PayloadBlock> blocks) => throw new NotImplementedException();
    public ReadOnlySpan<EventEntry> Entries => throw new NotImplementedException();
    public int Count => throw new NotImplementedException();
    public long RecordBytes => throw new NotImplementedException();
    public EventSequence First => throw new NotImplementedException();
    public EventSequence Last => throw new NotImplementedException();
    public EventRun Slice(int start, int count) => throw new NotImplementedException();
    public EventRun? Range(ulong startTime, ulong endTime) => throw new NotImplementedException();
    public EventRun AddReference() => throw new NotImplementedException();
    public void Release() => throw new NotImplementedException();
}

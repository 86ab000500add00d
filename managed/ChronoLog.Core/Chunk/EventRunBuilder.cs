using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Collects entries for one run. Unsynchronized.</summary>
public sealed class EventRunBuilder
{
    public void Append(in EventEntry entry, PayloadBlock block) => throw new NotImplementedException();
    public int Count => throw new NotImplementedException();
    public EventRun? Build() => throw new NotImplementedException();
}

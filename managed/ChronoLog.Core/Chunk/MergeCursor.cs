using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>K-way merge of runs by EventSequence; of equal ones the first given wins.</summary>
public sealed class MergeCursor : IDisposable
{
    public static MergeCursor Over(IEnumerable<EventRun> runs) => throw new NotImplementedException();
    public int Read(Span<EventEntry> target) => throw new NotImplementedException();
    /// <summary>Duplicates dropped so far.</summary>
    public long Duplicates => throw new NotImplementedException();
    /// <summary>Of those, how many had different bytes.</summary>
    public long Conflicts => throw new NotImplementedException();
    /// <summary>Everything that is left as one run with references of its own; null when nothing is.</summary>
    public EventRun? ToRun() => throw new NotImplementedException();
    public void Dispose() => throw new NotImplementedException();
}

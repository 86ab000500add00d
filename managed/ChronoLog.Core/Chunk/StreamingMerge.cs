using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>K-way merge over sources that deliver sorted runs one after the other.</summary>
public sealed class StreamingMerge : IDisposable
{
    public StreamingMerge(int sources) => throw new NotImplementedException();
    public bool NeedsInput(out int source) => throw new NotImplementedException();
    public void Feed(int source, EventRun run) => throw new NotImplementedException();
    public void End(int source) => throw new NotImplementedException();
    public int Read(Span<EventEntry> target) => throw new NotImplementedException();
    public bool AtEnd => throw new NotImplementedException();
    public long Duplicates => throw new NotImplementedException();
    public long Conflicts => throw new NotImplementedException();
    public void Dispose() => throw new NotImplementedException();
}

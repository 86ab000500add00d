using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Pipeline;

/// <summary>References on the runs of a range, as they were at one moment. Disposing it lets go of them.</summary>
public sealed class PipelineSnapshot : IDisposable
{
    public IReadOnlyList<EventRun> Runs => throw new NotImplementedException();
    public void Dispose() => throw new NotImplementedException();
}

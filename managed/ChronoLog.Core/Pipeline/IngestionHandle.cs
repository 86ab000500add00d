using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Pipeline;

/// <summary>One ingestion thread's side of a story: an active and a passive builder.</summary>
public sealed class IngestionHandle
{
    public EventRunBuilder Enter() => throw new NotImplementedException();
    public void Exit() => throw new NotImplementedException();
}

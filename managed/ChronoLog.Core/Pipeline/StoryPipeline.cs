using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Pipeline;

/// <summary>The ordered chunks of one story in one process. Thread-safe.</summary>
public sealed class StoryPipeline
{
    public StoryPipeline(ulong storyId, ulong startTime, PipelineWindows windows) => throw new NotImplementedException();
    public ulong StoryId => throw new NotImplementedException();
    /// <summary>Start of the first chunk: the start time given, aligned down.</summary>
    public ulong StartTime => throw new NotImplementedException();
    public PipelineWindows Windows => throw new NotImplementedException();
    public IngestionHandle OpenHandle() => throw new NotImplementedException();
    /// <summary>Sequences, then forgets the handle.</summary>
    public void CloseHandle(IngestionHandle handle) => throw new NotImplementedException();
    public void Sequence() => throw new NotImplementedException();
    public void Ingest(EventRun run) => throw new NotImplementedException();
    public int ExtractRetired(ulong now, ICollection<StoryChunk> target) => throw new NotImplementedException();
    public int FinalizeChunks(ICollection<StoryChunk> target) => throw new NotImplementedException();
    public PipelineSnapshot Snapshot(ulong startTime, ulong endTime) => throw new NotImplementedException();
    /// <summary>Drops everything: the story was destroyed.</summary>
    public int Discard() => throw new NotImplementedException();
    public ulong RetiredThrough => throw new NotImplementedException();
    public long EventCount => throw new NotImplementedException();
    public long RecordBytes => throw new NotImplementedException();
}

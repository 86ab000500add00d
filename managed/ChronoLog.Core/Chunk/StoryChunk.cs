namespace ChronoLog.Core.Chunk;

/// <summary>The events of one story in [StartTime, EndTime). Not thread-safe.</summary>
public sealed class StoryChunk
{
    public StoryChunk(ulong storyId, ulong startTime, ulong endTime) => (StoryId, StartTime, EndTime) = (storyId, startTime, endTime);
    public ulong StoryId { get; }
    public ulong StartTime { get; }
    public ulong EndTime { get; }
    public long EventCount => throw new NotImplementedException();
    public long RecordBytes => throw new NotImplementedException();
    public bool IsEmpty => throw new NotImplementedException();
    /// <summary>True when the range had been extracted before: what is here came late.</summary>
    public bool IsLate { get; init; }
    public int Add(EventRun run) => throw new NotImplementedException();
    public bool Insert(ulong storyId, ulong eventTime, ulong clientId, uint eventIndex, ReadOnlySpan<byte> record) => throw new NotImplementedException();
    public int MergeFrom(StoryChunk source) => throw new NotImplementedException();
    public int Erase(ulong startTime, ulong endTime) => throw new NotImplementedException();
    public MergeCursor OpenMerge() => throw new NotImplementedException();
    /// <summary>The runs of the chunk, without references of the caller's own.</summary>
    public IReadOnlyList<EventRun> Runs => throw new NotImplementedException();
    public StoryChunk Share() => throw new NotImplementedException();
    public void Release() => throw new NotImplementedException();
}

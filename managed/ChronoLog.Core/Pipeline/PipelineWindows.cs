namespace ChronoLog.Core.Pipeline;

/// <summary>How long a pipeline's chunks are, and how long after its end a chunk stays open for late events.</summary>
public readonly record struct PipelineWindows(ulong ChunkDurationNanoseconds, ulong AcceptanceWindowNanoseconds);

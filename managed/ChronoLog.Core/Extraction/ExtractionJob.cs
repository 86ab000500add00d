namespace ChronoLog.Core.Extraction;

/// <summary>One pass of a chunk through the chain.</summary>
/// <param name="Chunk">The chunk.</param>
/// <param name="Only">
/// Names of the extractors to run; null for the whole chain. A retry names those that failed.
/// </param>
/// <param name="Attempt">1 for the first pass.</param>
public sealed record ExtractionJob(RetiredChunk Chunk, IReadOnlyCollection<string>? Only = null, int Attempt = 1);

namespace ChronoLog.Core.Extraction;

/// <summary>What became of one pass: the role decides whether and when the failed extractors run again.</summary>
/// <param name="Job">The pass.</param>
/// <param name="StoryFiles">Paths that the extractors of this pass wrote the chunk to.</param>
/// <param name="Failures">Empty when every extractor took the chunk.</param>
public sealed record ExtractionOutcome(
    ExtractionJob Job, IReadOnlyList<string> StoryFiles, IReadOnlyList<ExtractorFailure> Failures)
{
    public RetiredChunk Chunk => Job.Chunk;

    /// <summary>A receiver said that the chunk is in its archive already.</summary>
    public bool IsArchived { get; init; }

    /// <summary>Epoch of the process that has the chunk in its memory now; 0 = none, or it did not say.</summary>
    public ulong ReceiverEpoch { get; init; }

    public bool Succeeded => Failures.Count == 0;

    /// <summary>The next pass, through those extractors only that failed in this one.</summary>
    public ExtractionJob Retry() => Job with
    {
        Only = [.. Failures.Select(failure => failure.Extractor)],
        Attempt = Job.Attempt + 1,
    };
}

/// <param name="Extractor">Its name.</param>
/// <param name="Error">Why.</param>
public sealed record ExtractorFailure(string Extractor, Exception Error);

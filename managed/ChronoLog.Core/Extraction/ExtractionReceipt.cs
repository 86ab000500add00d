namespace ChronoLog.Core.Extraction;

/// <summary>What an extractor says of a chunk that it took.</summary>
/// <param name="StoryFile">Path of the synced StoryFile that holds the chunk now; null from an extractor that writes none.</param>
public readonly record struct ExtractionReceipt(string? StoryFile)
{
    /// <summary>Taken, and no StoryFile written.</summary>
    public static ExtractionReceipt Taken => default;
}

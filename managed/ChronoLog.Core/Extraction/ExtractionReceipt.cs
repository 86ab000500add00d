namespace ChronoLog.Core.Extraction;

/// <summary>What an extractor says of a chunk that it took.</summary>
/// <param name="StoryFile">
/// Path of the synced StoryFile that holds the chunk now; null from an extractor that writes none.
/// </param>
public readonly record struct ExtractionReceipt(string? StoryFile)
{
    /// <summary>The receiver had it in its archive already: the sender may let go of it at once.</summary>
    public bool IsArchived { get; init; }

    /// <summary>Epoch of the process that has the chunk in its memory now; 0 = none, or it did not say.</summary>
    public ulong ReceiverEpoch { get; init; }

    /// <summary>Taken, and no StoryFile written.</summary>
    public static ExtractionReceipt Taken => default;
}

namespace ChronoLog.Core.Extraction;

/// <summary>
/// Takes retired chunks out of a process: into a file, to another process, into the log. One instance serves all
/// extraction streams at once, so it is thread-safe. Taking the same chunk again (a retry) must do no harm.
/// </summary>
public interface IChunkExtractor
{
    /// <summary>As configured, for messages.</summary>
    string Name { get; }

    /// <summary>Returns when the chunk is where it belongs. May block: each stream has a thread of its own.</summary>
    /// <exception cref="Protocol.ChronoLogException">
    /// What failed; the chain goes on with the next extractor.
    /// </exception>
    ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation);
}

using Microsoft.Extensions.Logging;

namespace ChronoLog.Core.Extraction;

/// <summary>Writes one log line per chunk and keeps nothing: to watch the flow, next to another extractor.</summary>
public sealed class LoggingExtractor(string name, ILogger logger) : IChunkExtractor
{
    public const string Type = "logging_extractor";

    public string Name => name;

    public static void Register(ExtractorRegistry registry, ILogger logger) => registry.Add(Type, settings =>
    {
        settings.AllowOnly();
        return new LoggingExtractor(settings.Name, logger);
    });

    public ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        logger.LogInformation(
            "{Extractor}: {Kind} chunk [{Start}, {End}) of story {Chronicle}/{Story}: {Events} events, {Bytes} bytes",
            name, chunk.Supplementary ? "supplementary" : chunk.Complete ? "complete" : "partial",
            chunk.Chunk.StartTime, chunk.Chunk.EndTime, chunk.Story.Chronicle, chunk.Story.Story,
            chunk.Chunk.EventCount, chunk.Chunk.RecordBytes);
        return ValueTask.FromResult(ExtractionReceipt.Taken);
    }
}

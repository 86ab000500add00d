using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher.Watermarks;

/// <summary>The watermarks in the stories' directories of an archive (<see cref="ArchivedThroughFile"/>).</summary>
/// <param name="root">Stays the caller's.</param>
/// <param name="group">The recording group, which has the archive alone or with others.</param>
/// <param name="writing">Where writes block.</param>
/// <param name="logger">Told of what cannot be read.</param>
public sealed class ArchiveWatermarks(ArchiveRoot root, long group, Strand writing, ILogger logger) : IWatermarkStore
{
    public ulong? Read(StoryDescriptor story)
    {
        try
        {
            return ArchivedThroughFile.Read(root, story, group);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException)
        {
            logger.LogWarning(
                "watermark of {Chronicle}/{Story} is unknown: {Reason}",
                story.Chronicle, story.Story, exception.Message);
            return null;
        }
    }

    public ValueTask<bool> WriteAsync(StoryDescriptor story, ulong through) => new(writing.InvokeAsync(
        () => ValueTask.FromResult(ArchivedThroughFile.TryWrite(root, story, group, through))));
}

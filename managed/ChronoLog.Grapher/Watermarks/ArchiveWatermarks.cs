using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
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
            using PosixDirectory? directory = root.TryOpenStory(story.Chronicle, story.Story);
            return directory is null ? null : ArchivedThroughFile.Read(directory, group, story.StoryId);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException)
        {
            logger.LogWarning(
                "watermark of {Chronicle}/{Story} is unknown: {Reason}",
                story.Chronicle, story.Story, exception.Message);
            return null;
        }
    }

    public async ValueTask<bool> WriteAsync(StoryDescriptor story, ulong through) => await writing.InvokeAsync(() =>
    {
        // Not created: a story that is being destroyed must not come back by its watermark.
        using PosixDirectory? directory = root.TryOpenStory(story.Chronicle, story.Story);
        if (directory is not null)
        {
            ArchivedThroughFile.Write(directory, group, story.StoryId, through);
        }

        return ValueTask.FromResult(directory is not null);
    });
}

using ChronoLog.Core.Protocol;

namespace ChronoLog.Grapher.Watermarks;

/// <summary>Where the Grapher keeps, over its own end, through which tick everything of a story is archived.</summary>
public interface IWatermarkStore
{
    /// <summary>The tick that was written last; null = unknown: nothing was, or it is damaged. Never fails.</summary>
    ulong? Read(StoryDescriptor story);

    /// <summary>Replaces the tick. Durable when it completes.</summary>
    /// <returns>False: the story has no place to write it to, for nothing of it is archived.</returns>
    /// <exception cref="IOException">It was not written, and the former tick stands.</exception>
    ValueTask<bool> WriteAsync(StoryDescriptor story, ulong through);
}

using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Watermarks;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>A watermark store that tests look into.</summary>
public sealed class MemoryWatermarks : IWatermarkStore
{
    private readonly Dictionary<ulong, ulong> stored = [];

    /// <summary>In the order of the writes.</summary>
    public List<ulong> Written { get; } = [];

    public bool IsFull { get; set; }

    /// <summary>A write under way waits for it.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public ulong? Read(StoryDescriptor story) => stored.TryGetValue(story.StoryId, out ulong tick) ? tick : null;

    public async ValueTask<bool> WriteAsync(StoryDescriptor story, ulong through)
    {
        await (Gate?.Task ?? Task.CompletedTask);
        if (IsFull)
        {
            throw new IOException("no space");
        }

        Written.Add(through);
        stored[story.StoryId] = through;
        return true;
    }
}

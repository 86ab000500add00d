using ChronoLog.Core.Model;

namespace ChronoLog.Core.Protocol;

/// <summary>What a process must know to record or replay a story.</summary>
public sealed partial class StoryDescriptor
{
    public StoryName Name => new(Chronicle, Story, Incarnation);
}

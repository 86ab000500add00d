using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Grapher.Stories;

/// <summary>The stories that this Grapher knows, and those that were destroyed. On the role's strand.</summary>
/// <param name="storiesMax">Most stories.</param>
/// <param name="windows">Of their pipelines.</param>
/// <param name="archivedThrough">What earlier processes had archived of a story.</param>
internal sealed class StoryTable(int storiesMax, PipelineWindows windows, Func<StoryDescriptor, ulong> archivedThrough)
{
    private readonly Dictionary<ulong, GrapherStory> stories = [];
    private readonly Dictionary<ulong, Task> destroyed = [];

    /// <summary>
    /// All stories as they are now, those with priority first: the list does not change while the caller awaits.
    /// </summary>
    public IReadOnlyList<GrapherStory> All => [.. stories.Values.OrderByDescending(static story => story.IsPriority)];

    public GrapherStory? Find(ulong storyId) => stories.GetValueOrDefault(storyId);

    /// <summary>True from a story's destruction on. A later one of its name has another id.</summary>
    public bool IsDestroyed(ulong storyId) => destroyed.ContainsKey(storyId);

    /// <exception cref="ChronoLogException"><see cref="Status.LimitExceeded"/>.</exception>
    public GrapherStory GetOrAdd(StoryDescriptor descriptor)
    {
        if (stories.TryGetValue(descriptor.StoryId, out GrapherStory? story))
        {
            return story;
        }

        if (stories.Count >= storiesMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"story {descriptor.Chronicle}/{descriptor.Story} was not taken: this Grapher knows "
                + $"{stories.Count} stories already; raise its limit or add a recording group");
        }

        return stories[descriptor.StoryId] = new GrapherStory(descriptor, windows, archivedThrough(descriptor));
    }

    /// <summary>Recording begins or goes on.</summary>
    /// <exception cref="ChronoLogException">NotExist: the story was destroyed; LimitExceeded.</exception>
    public void Start(StoryDescriptor descriptor)
    {
        if (IsDestroyed(descriptor.StoryId))
        {
            throw new ChronoLogException(Status.NotExist, $"story {descriptor.Name} was destroyed");
        }

        GrapherStory story = GetOrAdd(descriptor);
        story.Descriptor = descriptor;
        story.IsRecording = true;
        story.IsConfirmed = true;
    }

    /// <summary>Forgets the story; what is announced of it from now on is not taken.</summary>
    /// <param name="storyId">The story.</param>
    /// <param name="destroy">Called with it, or null if it is not known.</param>
    public Task DestroyAsync(ulong storyId, Func<GrapherStory?, Task> destroy)
    {
        // The mark is bounded like the table: beyond it the oldest destructions, long over, are forgotten.
        if (destroyed.Count >= storiesMax)
        {
            destroyed.Remove(destroyed.FirstOrDefault(mark => mark.Value.IsCompleted).Key);
        }

        stories.Remove(storyId, out GrapherStory? story);
        Task destruction = destroy(story);
        destroyed[storyId] = destruction;
        return destruction;
    }
}

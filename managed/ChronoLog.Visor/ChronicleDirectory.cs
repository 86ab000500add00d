using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>
/// Names and attributes of chronicles and stories. What it answers from memory is always on the device: the store is
/// written first.
/// </summary>
internal sealed class ChronicleDirectory
{
    // A value travels in one RPC message and is shown to people; whoever wants to keep more should record it as events.
    private const int AttributesMax = 256;
    private const int AttributeBytesMax = 4096;

    // An attribute of the story's own, set by the Visor and for good: who replays it must know, whatever was restarted.
    private const string OwnTimesKey = "own-times";

    private readonly IMetadataStore store;
    private readonly VisorOptions options;
    private readonly Dictionary<string, ChronicleRecord> chronicles = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<string, StoryRecord>> stories = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, StoryRecord> storiesById = [];
    private readonly HashSet<ulong> destroying = []; // a few of up to a million, and looked through every second

    public ChronicleDirectory(IMetadataStore store, VisorOptions options)
    {
        this.store = store;
        this.options = options;
        foreach (ChronicleRecord chronicle in store.LoadChronicles())
        {
            chronicles.Add(chronicle.Name, chronicle);
            stories.Add(chronicle.Name, new(StringComparer.Ordinal));
        }

        foreach (StoryRecord story in store.LoadStories())
        {
            Remember(story);
        }
    }

    /// <summary>Without those that are being destroyed, as the names below.</summary>
    public IEnumerable<StoryRecord> Stories => storiesById.Values.Where(story => !destroying.Contains(story.StoryId));

    public IEnumerable<string> ChronicleNames => chronicles.Values
        .Where(chronicle => !chronicle.IsBeingDestroyed)
        .Select(chronicle => chronicle.Name)
        .Order(StringComparer.Ordinal);

    public bool IsBeingDestroyed(StoryRecord story) => destroying.Contains(story.StoryId);

    public IEnumerable<StoryRecord> StoriesBeingDestroyed => destroying.Select(storyId => storiesById[storyId]);

    public IEnumerable<ChronicleRecord> ChroniclesBeingDestroyed =>
        chronicles.Values.Where(chronicle => chronicle.IsBeingDestroyed);

    public ChronicleRecord Create(string name, IReadOnlyDictionary<string, string> attributes, ulong now)
    {
        Check(name, "chronicle");
        if (chronicles.TryGetValue(name, out ChronicleRecord? existing))
        {
            throw existing.IsBeingDestroyed
                ? BeingDestroyed(Status.ChronicleExists, name)
                : new ChronoLogException(Status.ChronicleExists, $"chronicle '{name}' exists already");
        }

        if (chronicles.Count >= options.ChroniclesMax)
        {
            throw Failure.TooMany("chronicles", options.ChroniclesMax);
        }

        var record = new ChronicleRecord(name, Complete(attributes), now);
        store.PutChronicle(record);
        chronicles.Add(name, record);
        stories.Add(name, new(StringComparer.Ordinal));
        return record;
    }

    /// <exception cref="ChronoLogException">NotExist: there is none, or it is being destroyed.</exception>
    public ChronicleRecord Get(string name)
    {
        ChronicleRecord record = Find(name);
        return record.IsBeingDestroyed ? throw BeingDestroyed(Status.NotExist, name) : record;
    }

    /// <summary>Hides the chronicle and its stories from now on; again has no effect.</summary>
    public void BeginDestroying(string name)
    {
        ChronicleRecord record = Find(name) with { IsBeingDestroyed = true };
        store.PutChronicle(record);
        chronicles[name] = record;
        foreach (StoryRecord story in stories[name].Values.ToList())
        {
            Remember(story);
        }
    }

    /// <summary>Hides the story from now on; again has no effect.</summary>
    public void BeginDestroying(StoryRecord story) => Put(story with { IsBeingDestroyed = true });

    /// <summary>Takes a chronicle out of which the last story is gone.</summary>
    public void RemoveIfDestroyed(string name)
    {
        bool isLeft = chronicles.TryGetValue(name, out ChronicleRecord? record) && record.IsBeingDestroyed;
        if (isLeft && stories[name].Count == 0)
        {
            store.DeleteChronicle(name);
            stories.Remove(name);
            chronicles.Remove(name);
        }
    }

    public void SetAttribute(string name, string key, string value)
    {
        ChronicleRecord record = Get(name);
        if (key.Length == 0)
        {
            throw Failure.Invalid($"an attribute of chronicle '{name}' needs a name");
        }

        var attributes = new Dictionary<string, string>(record.Attributes, StringComparer.Ordinal) { [key] = value };
        record = record with { Attributes = Complete(attributes) };
        store.PutChronicle(record);
        chronicles[name] = record;
    }

    public IEnumerable<StoryRecord> StoriesOf(string chronicle)
    {
        Get(chronicle);
        return stories[chronicle].Values.Where(story => !story.IsBeingDestroyed);
    }

    /// <summary>With those that are being destroyed.</summary>
    public IEnumerable<StoryRecord> AllStoriesOf(string chronicle) => stories[Find(chronicle).Name].Values;

    /// <summary>The story, also while it is being destroyed; null when there is none.</summary>
    public StoryRecord? FindStory(string chronicle, string story)
    {
        Get(chronicle);
        Check(story, "story");
        return stories[chronicle].GetValueOrDefault(story);
    }

    public StoryRecord? FindStory(ulong storyId) => storiesById.GetValueOrDefault(storyId);

    /// <summary>Stores a new story, or a changed one.</summary>
    public void Put(StoryRecord story)
    {
        if (!storiesById.TryGetValue(story.StoryId, out StoryRecord? other))
        {
            if (storiesById.Count >= options.StoriesMax)
            {
                throw Failure.TooMany("stories", options.StoriesMax);
            }
        }
        else if (other.Chronicle != story.Chronicle || other.Story != story.Story)
        {
            // One chance in 2^64 per pair: refused rather than mixed.
            throw Failure.Invalid(
                $"story '{story.Chronicle}/{story.Story}' has the same id as '{other.Chronicle}/{other.Story}'; rename it");
        }

        store.PutStory(story);
        Remember(story);
    }

    /// <summary>A story that there is not yet; it is stored by <see cref="Put"/>.</summary>
    public StoryRecord Prepare(
        string chronicle, string story, IReadOnlyDictionary<string, string> attributes, ulong now)
    {
        Check(story, "story");
        uint incarnation = store.NextIncarnation(chronicle, story);
        return new StoryRecord(
            chronicle,
            story,
            StoryIdentity.Hash(chronicle, story, incarnation),
            new Dictionary<string, string>(attributes, StringComparer.Ordinal),
            [],
            now,
            Incarnation: incarnation);
    }

    /// <summary>Whether the very story, not only one of its name, was destroyed here.</summary>
    public bool WasDestroyed(StoryDescriptor story)
    {
        try
        {
            return story.Name.StoryId == story.StoryId
                && story.Incarnation < store.NextIncarnation(story.Chronicle, story.Story);
        }
        catch (ArgumentException)
        {
            return false; // no story has such a name
        }
    }

    public void DestroyStory(StoryRecord story)
    {
        store.DeleteStory(story);
        stories[story.Chronicle].Remove(story.Story);
        storiesById.Remove(story.StoryId);
        destroying.Remove(story.StoryId);
    }

    public StoryDescriptor Describe(StoryRecord story, uint group)
    {
        var descriptor = new StoryDescriptor
        {
            Chronicle = story.Chronicle,
            Story = story.Story,
            StoryId = story.StoryId,
            Incarnation = story.Incarnation,
            Group = group,
            OwnTimes = HasOwnTimes(story),
        };
        foreach ((string key, string value) in chronicles[story.Chronicle].Attributes)
        {
            descriptor.Attributes[key] = value;
        }

        return descriptor;
    }

    /// <summary>Whether events with times of their users' own may have been recorded in the story.</summary>
    public static bool HasOwnTimes(StoryRecord story) => story.Attributes.ContainsKey(OwnTimesKey);

    public static StoryRecord WithOwnTimes(StoryRecord story) => story with
    {
        Attributes = new Dictionary<string, string>(story.Attributes, StringComparer.Ordinal) { [OwnTimesKey] = "1" },
    };

    public static void CheckAttributes(IReadOnlyDictionary<string, string> attributes)
    {
        if (attributes.Count > AttributesMax)
        {
            throw Failure.Invalid($"{attributes.Count} attributes are more than {AttributesMax}");
        }

        foreach ((string key, string value) in attributes)
        {
            if (key.Length + value.Length > AttributeBytesMax)
            {
                throw Failure.Invalid($"attribute '{key[..Math.Min(key.Length, 64)]}' is longer than {AttributeBytesMax}");
            }
        }
    }

    private static IReadOnlyDictionary<string, string> Complete(IReadOnlyDictionary<string, string> attributes)
    {
        CheckAttributes(attributes);
        return ChronicleAttributes.Parse(attributes).ToDictionary();
    }

    private static void Check(string name, string kind)
    {
        try
        {
            StoryIdentity.CheckName(name, kind);
        }
        catch (ArgumentException exception)
        {
            throw Failure.Invalid(exception.Message);
        }
    }

    private static ChronoLogException BeingDestroyed(Status status, string name) =>
        Failure.BeingDestroyed(status, $"chronicle '{name}'", []);

    private ChronicleRecord Find(string name)
    {
        Check(name, "chronicle");
        return chronicles.TryGetValue(name, out ChronicleRecord? record) ? record : throw Failure.NoChronicle(name);
    }

    // A chronicle that is being destroyed takes its stories with it, also those that nobody had marked before a crash.
    private void Remember(StoryRecord story)
    {
        if (story.IsBeingDestroyed || chronicles[story.Chronicle].IsBeingDestroyed)
        {
            story = story with { IsBeingDestroyed = true };
            destroying.Add(story.StoryId);
        }

        stories[story.Chronicle][story.Story] = story;
        storiesById[story.StoryId] = story;
    }
}

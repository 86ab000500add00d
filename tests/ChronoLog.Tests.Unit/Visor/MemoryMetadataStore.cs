using ChronoLog.Core.Ports;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>Metadata that survives the role, as a database does.</summary>
internal sealed partial class MemoryMetadataStore : IMetadataStore
{
    private readonly Dictionary<string, ChronicleRecord> chronicles = [];
    private readonly Dictionary<(string, string), StoryRecord> stories = [];
    private readonly Dictionary<(string, string), uint> destroyed = [];
    private readonly Dictionary<string, ulong> counters = [];
    private readonly Dictionary<string, string> values = [];

    public IReadOnlyList<ChronicleRecord> LoadChronicles() => [.. chronicles.Values];

    public void PutChronicle(ChronicleRecord chronicle) => chronicles[chronicle.Name] = chronicle;

    public void DeleteChronicle(string name)
    {
        chronicles.Remove(name);
        foreach ((string, string) key in stories.Keys.Where(key => key.Item1 == name).ToList())
        {
            stories.Remove(key);
        }
    }

    public IReadOnlyList<StoryRecord> LoadStories() => [.. stories.Values];

    public void PutStory(StoryRecord story) => stories[(story.Chronicle, story.Story)] = story;

    public void DeleteStory(StoryRecord story)
    {
        stories.Remove((story.Chronicle, story.Story));
        destroyed[(story.Chronicle, story.Story)] = story.Incarnation + 1;
    }

    public uint NextIncarnation(string chronicle, string story) => destroyed.GetValueOrDefault((chronicle, story));

    public ulong ReserveNumbers(string counter, uint count)
    {
        ulong first = counters.GetValueOrDefault(counter) + 1;
        counters[counter] = first + count - 1;
        return first;
    }

    public string? GetValue(string key) => values.GetValueOrDefault(key);

    public void PutValue(string key, string value) => values[key] = value;

    public void Dispose()
    {
    }
}

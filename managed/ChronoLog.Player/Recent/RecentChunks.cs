using ChronoLog.Core.Chunk;

namespace ChronoLog.Player.Recent;

/// <summary>
/// Complete chunks kept in memory within a budget of bytes: the oldest arrival is evicted first, those of stories with
/// tiering <c>hot</c> after all others. Losing one loses nothing: it is in the archive too. On the role's strand.
/// </summary>
internal sealed class RecentChunks(long bytesMax)
{
    private readonly Dictionary<ulong, List<RecentChunk>> stories = [];
    private readonly LinkedList<RecentChunk> arrivals = new();
    private readonly LinkedList<RecentChunk> hotArrivals = new();
    private readonly Dictionary<RecentKey, RecentChunk> known = [];

    private long hotBytes;

    public long BytesMax { get; } = bytesMax;

    public long Bytes { get; private set; }

    public int Count => known.Count;

    /// <summary>
    /// Counts the stories dropped: a pull that was under way meanwhile must not bring its chunk back.
    /// </summary>
    public long Drops { get; private set; }

    /// <summary>Whether a chunk of so many bytes would be kept.</summary>
    public bool HasRoom(long bytes, bool isHot) => bytes <= (isHot ? BytesMax : BytesMax - hotBytes);

    public bool Contains(RecentKey key) => known.ContainsKey(key);

    /// <summary>Keeps a chunk; takes over the caller's reference, also when it is not kept.</summary>
    /// <param name="key">One that is kept already is not kept twice.</param>
    /// <param name="run">The events.</param>
    /// <param name="bytes">Of the image that the run points into.</param>
    /// <param name="isHot">It stays longer than others, and only such a one may take the place of another.</param>
    public void Add(RecentKey key, EventRun run, long bytes, bool isHot)
    {
        if (!HasRoom(bytes, isHot) || known.ContainsKey(key))
        {
            run.Release();
            return;
        }

        while (Bytes + bytes > BytesMax)
        {
            Remove((arrivals.First ?? hotArrivals.First!).Value);
        }

        var chunk = new RecentChunk(key, run, bytes);
        known.Add(key, chunk);
        chunk.Arrival = (isHot ? hotArrivals : arrivals).AddLast(chunk);
        hotBytes += isHot ? bytes : 0;
        Bytes += bytes;
        if (!stories.TryGetValue(key.StoryId, out List<RecentChunk>? chunks))
        {
            stories.Add(key.StoryId, chunks = []);
        }

        chunks.Add(chunk);
    }

    /// <summary>The story's events in [startTime, endTime), as runs with references of their own.</summary>
    public List<EventRun> Snapshot(ulong storyId, ulong startTime, ulong endTime)
    {
        var runs = new List<EventRun>();
        foreach (RecentChunk chunk in stories.GetValueOrDefault(storyId) ?? [])
        {
            if (chunk.Run.Range(startTime, endTime) is { } run)
            {
                runs.Add(run);
            }
        }

        return runs;
    }

    /// <summary>Forgets a story.</summary>
    public void Drop(ulong storyId)
    {
        Drops++;
        foreach (RecentChunk chunk in stories.GetValueOrDefault(storyId)?.ToArray() ?? [])
        {
            Remove(chunk);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        while ((arrivals.First ?? hotArrivals.First) is { } first)
        {
            Remove(first.Value);
        }
    }

    private void Remove(RecentChunk chunk)
    {
        known.Remove(chunk.Key);
        hotBytes -= chunk.Arrival!.List == hotArrivals ? chunk.Bytes : 0;
        chunk.Arrival.List!.Remove(chunk.Arrival);
        List<RecentChunk> chunks = stories[chunk.Key.StoryId];
        chunks.Remove(chunk);
        if (chunks.Count == 0)
        {
            stories.Remove(chunk.Key.StoryId);
        }

        Bytes -= chunk.Bytes;
        chunk.Run.Release();
    }

    private sealed class RecentChunk(RecentKey key, EventRun run, long bytes)
    {
        public RecentKey Key { get; } = key;

        public EventRun Run { get; } = run;

        public long Bytes { get; } = bytes;

        public LinkedListNode<RecentChunk>? Arrival { get; set; }
    }
}

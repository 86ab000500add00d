using ChronoLog.Core.Following;
using ChronoLog.Core.Model;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Keeper.Stories;

/// <summary>
/// The stories of this Keeper by id. Thread-safe: ingestion threads resolve ids, the role's strand names, starts and
/// removes. An event of a story that nobody announced (the Visor's message is late, or this process was restarted) is
/// no reason to lose it: its pipeline is made on demand.
/// </summary>
public sealed class StoryTable
{
    /// <summary>8 bytes each. For those that are forgotten the Visor is asked, once more.</summary>
    private const int DestroyedMax = 65536;

    private readonly Lock gate = new();
    private readonly HashSet<ulong> destroyed = [];
    private readonly Dictionary<ulong, KeeperStory> stories = [];
    private readonly Dictionary<ulong, EventFeed> feeds = [];
    private readonly KeeperOptions options;
    private readonly IBaseClock clock;
    private readonly int ingestionThreads;
    private KeeperStory[]? all = [];
    private KeeperStory[]? inOrder;
    private long version;
    private int unknown;
    private int unknownMax;
    private int synced;
    private int followed;
    private int arrivals;
    private long arrivalsVersion;
    private ulong newestArrival;
    private volatile bool isSettled;

    public StoryTable(KeeperOptions options, IBaseClock clock, int ingestionThreads)
    {
        this.options = options;
        this.clock = clock;
        this.ingestionThreads = ingestionThreads;
        unknownMax = options.UnknownStoriesMax;
    }

    /// <summary>True while anybody follows a story here.</summary>
    public bool AnyFollowed => Volatile.Read(ref followed) > 0;

    /// <summary>Changes with every removal and every feed: whoever caches stories drops the cache then.</summary>
    public long Version => Volatile.Read(ref version);

    /// <summary>Stories that the Visor has not named.</summary>
    public int Unknown => Volatile.Read(ref unknown);

    /// <summary>True while a story exists whose events are to be synced promptly.</summary>
    public bool AnySynced => Volatile.Read(ref synced) > 0;

    /// <summary>
    /// True while a story exists whose events get arrival stamps, or may: before the Visor has named what rings bring.
    /// </summary>
    public bool AnyArrivals => !isSettled || Volatile.Read(ref arrivals) > 0;

    /// <summary>Changes when the answer of <see cref="WantsArrivals"/> may be another one.</summary>
    public long ArrivalsVersion => Volatile.Read(ref arrivalsVersion);

    /// <summary>The greatest stamp of an earlier run; 0 = none.</summary>
    public ulong NewestArrival => Volatile.Read(ref newestArrival);

    /// <summary>The Visor has named the stories that are recorded here.</summary>
    public void Settle() => isSettled = true;

    /// <summary>Whether events of a story get arrival stamps. From any thread.</summary>
    public bool WantsArrivals(ulong storyId)
    {
        lock (gate)
        {
            return !stories.TryGetValue(storyId, out KeeperStory? story) || story.HasArrivals;
        }
    }

    /// <summary>An event of an earlier run has this stamp.</summary>
    public void NoteArrival(ulong stamp)
    {
        if (stamp > newestArrival)
        {
            Volatile.Write(ref newestArrival, stamp);
        }
    }

    /// <summary>All stories now.</summary>
    public IReadOnlyList<KeeperStory> All
    {
        get
        {
            lock (gate)
            {
                return all ??= [.. stories.Values];
            }
        }
    }

    /// <summary>The same, those with priority first.</summary>
    public IReadOnlyList<KeeperStory> InOrder
    {
        get
        {
            lock (gate)
            {
                return inOrder ??= [.. stories.Values.OrderByDescending(static story => story.IsPriority)];
            }
        }
    }

    public KeeperStory? Find(ulong storyId)
    {
        lock (gate)
        {
            return stories.GetValueOrDefault(storyId);
        }
    }

    /// <summary>From the next batch on, the story's events go into the feed too; null ends that.</summary>
    public void SetFeed(ulong storyId, EventFeed? feed)
    {
        lock (gate)
        {
            if (feed is null)
            {
                feeds.Remove(storyId);
            }
            else
            {
                feeds[storyId] = feed;
            }

            followed = feeds.Count;
            Volatile.Write(ref version, version + 1);
        }
    }

    /// <summary>Null: nobody follows the story.</summary>
    public EventFeed? FeedOf(ulong storyId)
    {
        lock (gate)
        {
            return feeds.GetValueOrDefault(storyId);
        }
    }

    /// <summary>The story of an event, made if it is unknown. From an ingestion thread.</summary>
    /// <exception cref="ChronoLogException"><see cref="Status.LimitExceeded"/>: too many stories that nobody
    /// named.</exception>
    public KeeperStory Resolve(ulong storyId, ulong eventTime)
    {
        lock (gate)
        {
            if (stories.TryGetValue(storyId, out KeeperStory? story))
            {
                return story;
            }

            if (unknown >= unknownMax)
            {
                throw new ChronoLogException(
                    Status.LimitExceeded,
                    $"story {storyId:x16} is one too many: {unknown} stories are recorded at {options.Name} that the "
                    + "Visor has not named; acquire stories before recording to them");
            }

            return Make(storyId, Math.Min(eventTime, clock.Now));
        }
    }

    /// <summary>
    /// The story of an event of an earlier run, made if it is unknown: never refused, and no charge on the limit.
    /// </summary>
    public KeeperStory Recover(ulong storyId, ulong eventTime)
    {
        lock (gate)
        {
            if (stories.TryGetValue(storyId, out KeeperStory? story))
            {
                return story;
            }

            unknownMax++;
            return Make(storyId, Math.Min(eventTime, clock.Now));
        }
    }

    /// <summary>The story is gone for ever: a later one of its name has another id.</summary>
    public void MarkDestroyed(ulong storyId)
    {
        lock (gate)
        {
            if (destroyed.Count >= DestroyedMax)
            {
                destroyed.Clear();
            }

            destroyed.Add(storyId);
        }
    }

    public bool IsDestroyed(ulong storyId)
    {
        lock (gate)
        {
            return destroyed.Contains(storyId);
        }
    }

    /// <summary>The story with its names and attributes, made if it is not there. On the role's strand.</summary>
    public KeeperStory Name(StoryDescriptor descriptor, DurabilityLevel durability)
    {
        lock (gate)
        {
            KeeperStory story = stories.TryGetValue(descriptor.StoryId, out KeeperStory? known)
                ? known
                : Make(descriptor.StoryId, clock.Now);
            Count(story, -1);
            story.Descriptor = descriptor;
            story.Durability = durability;
            story.IsPriority = ChronicleAttributes.IsPriority(descriptor.Attributes);
            story.IsCold = ChronicleAttributes.IsCold(descriptor.Attributes);
            inOrder = null;
            story.HasArrivals = ChronicleAttributes.HasArrivals(descriptor.Attributes);
            Count(story, +1);
            return story;
        }
    }

    /// <summary>Takes a story out. Ingestion threads may use it until each has begun a new cycle.</summary>
    public void Remove(KeeperStory story)
    {
        lock (gate)
        {
            if (stories.TryGetValue(story.StoryId, out KeeperStory? held) && ReferenceEquals(held, story))
            {
                stories.Remove(story.StoryId);
                Count(story, -1);
                all = inOrder = null;
                Volatile.Write(ref version, version + 1);
            }
        }
    }

    private KeeperStory Make(ulong storyId, ulong startTime)
    {
        var windows = new PipelineWindows(
            (ulong)options.ChunkDuration.TotalNanoseconds, (ulong)options.AcceptanceWindow.TotalNanoseconds);
        var story = new KeeperStory(storyId, new StoryPipeline(storyId, startTime, windows), ingestionThreads);
        stories.Add(storyId, story);
        Count(story, +1);
        all = inOrder = null;
        return story;
    }

    private void Count(KeeperStory story, int change)
    {
        unknown += story.Descriptor is null ? change : 0;
        synced += story.Durability >= DurabilityLevel.Synced ? change : 0;
        arrivals += story.HasArrivals ? change : 0;
        Volatile.Write(ref arrivalsVersion, arrivalsVersion + 1);
    }
}

using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Keeper.Retirement;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Stories;

/// <summary>
/// Starts, stops, destroys and dismantles stories as the Visor says, and takes the Grapher's *archived* notices. On the
/// role's strand.
/// </summary>
public sealed class StoryService(
    KeeperOptions options, StoryTable stories, HandoverLedger ledger, RetirementDuty retirement,
    RegistryClient registry, IReadOnlyList<IngestionAgent> ingestion, IBaseClock clock,
    Func<ValueTask<bool>> fence, ILogger logger)
{
    private readonly List<Leaving> leaving = [];
    private readonly List<StoryChunk> rest = [];

    public void Register(IRpcServer server)
    {
        server.Handle(Methods.StartStoryRecording, (request, _) =>
        {
            registry.Observe(request.Group);
            Start(request.Story);
            return ValueTask.FromResult(new Empty());
        });
        server.Handle(Methods.StopStoryRecording, async (request, _) =>
        {
            await StopAsync(request.StoryId);
            return new Empty();
        });
        server.Handle(Methods.DestroyStoryData, async (request, _) =>
        {
            await DestroyAsync(request.Story);
            return new Empty();
        });
        server.Handle(Methods.Archived, (request, _) =>
        {
            ledger.Archived(request.Partials);
            return ValueTask.FromResult(new Empty());
        });
    }

    /// <summary>Begins or goes on to record a story. Doing it again only refreshes names and attributes.</summary>
    /// <exception cref="ChronoLogException"><see cref="Status.InvalidArgument"/>: names and id do not fit
    /// together.</exception>
    public void Start(StoryDescriptor? descriptor)
    {
        KeeperStory story = Name(descriptor);
        if (!story.IsRecording)
        {
            logger.LogInformation("{Name}: recording story {Story}", options.Name, story.Name);
        }

        story.IsRecording = true;
        ledger.AnnounceNamed(story);
    }

    /// <summary>
    /// Takes the names of stories that nobody records: of what a restart found in the journal and the rings. What the
    /// Visor does not know any more was destroyed, and is dropped.
    /// </summary>
    /// <exception cref="ChronoLogException"><see cref="Status.InvalidArgument"/>: names and id do not fit
    /// together.</exception>
    public void Recognise(HeartbeatReply reply)
    {
        foreach (StoryDescriptor descriptor in reply.NamedStories)
        {
            if (stories.Find(descriptor.StoryId) is { Descriptor: null } && !stories.IsDestroyed(descriptor.StoryId))
            {
                KeeperStory story = Name(descriptor);
                ledger.AnnounceNamed(story);
            }
        }

        foreach (ulong storyId in reply.GoneStories)
        {
            if (stories.Find(storyId) is { Descriptor: null } story)
            {
                long events = story.Pipeline.EventCount + story.Retained.Sum(chunk => chunk.Chunk.EventCount);
                logger.LogWarning(
                    "{Name}: {Events} events of story {Story:x16} are dropped: the Visor knows no such story, it was "
                    + "destroyed", options.Name, events, storyId);
                Drop(story);
            }
        }
    }

    /// <summary>Nobody records the story any more: what is here goes to the Grapher at once.</summary>
    public async ValueTask StopAsync(ulong storyId)
    {
        if (stories.Find(storyId) is not { } story)
        {
            return;
        }

        story.IsRecording = false;
        story.StoppedAt = clock.Now;
        bool isFenced = await fence();
        if (!story.IsRecording) // it may have been started again meanwhile
        {
            retirement.RetireAll(story);
            logger.LogInformation(
                "{Name}: story {Story} stopped, {Chunks} chunks on their way to the archive{Rest}",
                options.Name, story.Name, story.Retained.Count,
                isFenced ? "" : "; rings still hold events, which follow by their window");
        }
    }

    /// <summary>
    /// Takes stories out that nobody records and that left nothing behind; not before the progress reports have passed
    /// the end of recording, or the Grapher would wait for this Keeper.
    /// </summary>
    public void Dismantle()
    {
        foreach (KeeperStory story in stories.All)
        {
            bool isDone = !story.IsRecording && story.Descriptor is not null
                && story.DrainedThrough >= story.StoppedAt
                && story.Retained.Count == 0 && story.Pipeline.EventCount == 0;
            if (isDone)
            {
                stories.Remove(story);
                leaving.Add(new Leaving(story, ingestion));
            }
        }

        for (int i = leaving.Count - 1; i >= 0; i--)
        {
            if (leaving[i].IsUnused)
            {
                Finish(leaving[i]);
                leaving.RemoveAt(i);
            }
        }
    }

    private KeeperStory Name(StoryDescriptor? descriptor)
    {
        Check(descriptor);
        if (stories.IsDestroyed(descriptor!.StoryId))
        {
            throw new ChronoLogException(Status.NotExist, $"story {descriptor.Name} was destroyed");
        }

        return stories.Name(descriptor, ChronicleAttributes.Parse(descriptor.Attributes).Durability);
    }

    private static void Check(StoryDescriptor? descriptor)
    {
        if (descriptor is null)
        {
            throw new ChronoLogException(Status.InvalidArgument, "start_story_recording: the story is missing");
        }

        ulong expected;
        try
        {
            expected = descriptor.Name.StoryId;
        }
        catch (ArgumentException exception)
        {
            throw new ChronoLogException(Status.InvalidArgument, exception.Message, exception);
        }

        if (expected != descriptor.StoryId)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"story {descriptor.Name} has the id {expected:x16}, not "
                + $"{descriptor.StoryId:x16}");
        }
    }

    private async ValueTask DestroyAsync(StoryDescriptor? descriptor)
    {
        if (descriptor is null || stories.Find(descriptor.StoryId) is not { } story)
        {
            stories.MarkDestroyed(descriptor?.StoryId ?? 0);
            return;
        }

        story.IsRecording = false;
        stories.MarkDestroyed(story.StoryId);
        await fence(); // what rings still hold of it is dropped with it
        Drop(story);
        logger.LogInformation("{Name}: story {Story} destroyed", options.Name, story.Name);
    }

    private void Drop(KeeperStory story)
    {
        stories.Remove(story);
        stories.MarkDestroyed(story.StoryId);
        story.Pipeline.Discard();
        ledger.Drop(story);
        leaving.Add(new Leaving(story, ingestion) { IsDestroyed = true });
    }

    // An ingestion thread may have had the story in its hands until its cycle ended.
    private void Finish(Leaving left)
    {
        if (left.IsDestroyed)
        {
            left.Story.Pipeline.Discard();
            return;
        }

        left.Story.Pipeline.FinalizeChunks(rest);
        foreach (StoryChunk chunk in rest)
        {
            ledger.Add(left.Story, chunk, registry.ProcessId, registry.Identity.Epoch);
        }

        rest.Clear();
    }

    private sealed class Leaving(KeeperStory story, IReadOnlyList<IngestionAgent> ingestion)
    {
        private readonly long[] cycles = [.. ingestion.Select(agent => agent.Cycles)];

        public KeeperStory Story { get; } = story;

        public bool IsDestroyed { get; init; }

        public bool IsUnused
        {
            get
            {
                for (int i = 0; i < cycles.Length; i++)
                {
                    if (ingestion[i].Cycles <= cycles[i])
                    {
                        return false;
                    }
                }

                return true;
            }
        }
    }
}

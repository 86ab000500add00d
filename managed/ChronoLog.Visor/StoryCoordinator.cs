using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>Acquire, release and route: which group records a story, and who holds it.</summary>
internal sealed class StoryCoordinator(
    ChronicleDirectory directory,
    ProcessRegistry registry,
    ClientRegistry clients,
    RecordingNotifier notifier,
    StoryDestroyer destroyer,
    IBaseClock clock,
    Func<int, int> randomBelow,
    VisorOptions options)
{
    // Ten thousand ranks acquire one story: the group is told once per view, not once per rank.
    private readonly Dictionary<ulong, (ulong ViewEpoch, Task<IReadOnlyList<ProcessIdentity>> Confirmed)> started = [];

    // Attributes may be large, and a message of the control plane has 8 MiB at most.
    private const int NamesBytesMax = 1 << 20;

    public async ValueTask<StoryReply> AcquireAsync(StoryRequest request)
    {
        ConnectedClient client = clients.Hear(request.ClientId);
        if (request.CreateChronicle && !directory.ChronicleNames.Contains(request.Chronicle))
        {
            directory.Create(request.Chronicle, new Dictionary<string, string>(), clock.Now);
        }

        StoryRecord story = FindOrPrepare(request);
        if (request.Again)
        {
            clients.Hold(client, story.StoryId); // what the client holds it holds, whoever can record it now
        }

        if (request.OwnTimes && !ChronicleDirectory.HasOwnTimes(story))
        {
            directory.Put(story = ChronicleDirectory.WithOwnTimes(story)); // before the first such event can be recorded
        }

        GroupView group = ChooseGroup(story, request.Again);
        if (story.Groups.Count == 0 || story.Groups[^1] != group.Group)
        {
            story = story with { Groups = [.. story.Groups.Where(number => number != group.Group), group.Group] };
            directory.Put(story);
        }

        bool isNew = clients.Hold(client, story.StoryId);
        IReadOnlyList<ProcessIdentity> recording = await StartAsync(story, group);
        if (recording.Count == 0 && !request.Again)
        {
            if (isNew)
            {
                clients.Release(client, story.StoryId);
            }

            throw new ChronoLogException(
                Status.NoKeepers, $"no keeper of group {group.Group} accepted story '{story.Chronicle}/{story.Story}'");
        }

        return Reply(story, group);
    }

    public async ValueTask<Empty> ReleaseAsync(StoryRequest request)
    {
        ConnectedClient client = clients.Hear(request.ClientId);
        StoryRecord? story = directory.FindStory(request.Chronicle, request.Story);
        if (story is null || !clients.Release(client, story.StoryId))
        {
            throw new ChronoLogException(
                Status.NotAcquired, $"story '{request.Chronicle}/{request.Story}' is not held by client {client.ClientId}");
        }

        await StopUnlessHeldAsync(story);
        return new Empty();
    }

    /// <summary>Releases everything a client held, because it left or its lease ran out.</summary>
    public async ValueTask ForgetAsync(ConnectedClient client)
    {
        List<ulong> held = [.. client.Held];
        clients.Forget(client);
        foreach (ulong storyId in held)
        {
            if (directory.FindStory(storyId) is { } story)
            {
                await StopUnlessHeldAsync(story);
            }
        }
    }

    /// <summary>
    /// Stops what Keepers still record and nobody holds: its last client went while the Visor was away. Not before every
    /// client of that time was heard or given up.
    /// </summary>
    public async ValueTask StopUnheldAsync()
    {
        List<ulong> recorded =
        [
            .. registry.Processes.Where(process => process.Identity.Role == Role.Keeper)
                .SelectMany(process => process.Tallies.Keys).Distinct(),
        ];
        foreach (ulong storyId in recorded)
        {
            if (directory.FindStory(storyId) is { } story)
            {
                await StopUnlessHeldAsync(story);
            }
        }
    }

    /// <summary>Whoever records a story of the chronicle hears its attributes as they are now.</summary>
    public async ValueTask AttributesChangedAsync(string chronicle)
    {
        List<StoryRecord> held =
        [
            .. directory.StoriesOf(chronicle)
                .Where(story => clients.HolderCount(story.StoryId) > 0 && story.Groups.Count > 0),
        ];

        // All at once, awaited one by one: a member that does not answer holds up the caller once, not for each story.
        var starts = new List<Task>();
        foreach (StoryRecord story in held)
        {
            if (registry.Group(story.Groups[^1]) is { } group)
            {
                started.Remove(story.StoryId);
                starts.Add(StartAsync(story, group).AsTask());
            }
        }

        foreach (Task start in starts)
        {
            await start;
        }
    }

    public StoryReply Route(StoryRequest request)
    {
        StoryRecord story = directory.FindStory(request.Chronicle, request.Story)
            ?? throw Failure.NoStory(request.Chronicle, request.Story);
        if (story.IsBeingDestroyed)
        {
            throw Failure.BeingDestroyed(
                Status.NotExist, $"story '{request.Chronicle}/{request.Story}'", destroyer.WaitingFor(story));
        }

        GroupView? group = story.Groups.Count == 0 ? null : registry.Group(story.Groups[^1]);
        if (group?.Player is null)
        {
            throw new ChronoLogException(
                Status.NoPlayers, $"no player is alive in the group of story '{request.Chronicle}/{request.Story}'");
        }

        return Reply(story, group);
    }

    /// <summary>The stories that a process which registers now has to record or serve.</summary>
    public IEnumerable<StoryDescriptor> HeldIn(uint group) =>
        directory.Stories
            .Where(story => clients.HolderCount(story.StoryId) > 0 && story.Groups.Count > 0 && story.Groups[^1] == group)
            .Select(story => directory.Describe(story, group));

    /// <summary>
    /// Names stories by their ids, whether anybody holds them or not: a Keeper that was restarted has events of them in
    /// its journal. Those that are not known were destroyed, unless the process knew another deployment.
    /// </summary>
    public void Name(IEnumerable<ulong> storyIds, RegisteredProcess process, HeartbeatReply reply)
    {
        int bytes = 0;
        foreach (ulong storyId in storyIds)
        {
            if (directory.FindStory(storyId) is { IsBeingDestroyed: false } story)
            {
                StoryDescriptor descriptor = directory.Describe(story, process.Identity.Group);
                reply.NamedStories.Add(descriptor);
                bytes += descriptor.CalculateSize();
            }
            else if (!process.IsStranger)
            {
                reply.GoneStories.Add(storyId);
            }

            if (bytes > NamesBytesMax)
            {
                break; // the next heartbeat asks for the rest
            }
        }
    }

    /// <summary>
    /// Of stories that a Keeper announced to a Grapher: which exist, and which were destroyed. Nothing is said of one that
    /// this Visor never knew, for its archive is the only copy: the metadata may be those of another deployment.
    /// </summary>
    public void Confirm(IEnumerable<StoryDescriptor> unconfirmed, HeartbeatReply reply)
    {
        foreach (StoryDescriptor asked in unconfirmed)
        {
            if (directory.FindStory(asked.StoryId) is { IsBeingDestroyed: false })
            {
                reply.ConfirmedStories.Add(asked.StoryId);
            }
            else if (directory.WasDestroyed(asked))
            {
                reply.GoneStories.Add(asked.StoryId);
            }
        }
    }

    private StoryReply Reply(StoryRecord story, GroupView group)
    {
        var reply = new StoryReply { Story = directory.Describe(story, group.Group), Group = group };
        foreach (uint earlier in story.Groups.Where(number => number != group.Group))
        {
            reply.EarlierGroups.Add(earlier);
            reply.EarlierViews.Add(registry.Group(earlier) ?? new GroupView { Group = earlier });
        }

        return reply;
    }

    private StoryRecord FindOrPrepare(StoryRequest request)
    {
        StoryRecord? story = directory.FindStory(request.Chronicle, request.Story);
        ChronicleDirectory.CheckAttributes(request.Attributes);
        if (story is { IsBeingDestroyed: true })
        {
            throw Failure.BeingDestroyed(
                Status.Acquired, $"story '{request.Chronicle}/{request.Story}'", destroyer.WaitingFor(story));
        }

        // Held before, and destroyed since: one that was made with its name meanwhile is another story.
        if (request.Again && (story is null || (request.StoryId != 0 && request.StoryId != story.StoryId)))
        {
            throw Failure.NoStory(request.Chronicle, request.Story);
        }

        return story ?? directory.Prepare(request.Chronicle, request.Story, request.Attributes, clock.Now);
    }

    // Sticks to the group that recorded the story last for as long as that group can record: its tiers hold the data.
    private GroupView ChooseGroup(StoryRecord story, bool isHeld)
    {
        List<GroupView> able = [.. registry.RecordingGroups.OrderBy(group => group.Group)];
        if (able.Count == 0)
        {
            if (isHeld && registry.Group(story.Groups[^1]) is { } former)
            {
                return former;
            }

            throw new ChronoLogException(Status.NoKeepers, "no keeper is registered with the visor");
        }

        if (story.Groups.Count > 0 && able.Find(group => group.Group == story.Groups[^1]) is { } last)
        {
            return last;
        }

        return options.GroupAssignment == "least-loaded"
            ? able.MinBy(group => directory.Stories.Count(each =>
                each.Groups.Count > 0 && each.Groups[^1] == group.Group && clients.HolderCount(each.StoryId) > 0))!
            : able[randomBelow(able.Count)];
    }

    private async ValueTask<IReadOnlyList<ProcessIdentity>> StartAsync(StoryRecord story, GroupView group)
    {
        if (!started.TryGetValue(story.StoryId, out var current) || current.ViewEpoch != group.Epoch)
        {
            IEnumerable<ProcessIdentity> others = story.Groups.Where(number => number != group.Group)
                .Select(number => registry.Group(number)?.Player).OfType<ProcessIdentity>();
            current = (group.Epoch, notifier.StartAsync(directory.Describe(story, group.Group), group, others));
            started[story.StoryId] = current;
        }

        IReadOnlyList<ProcessIdentity> confirmed = await current.Confirmed;
        if (confirmed.Count == 0)
        {
            started.Remove(story.StoryId);
        }

        return confirmed;
    }

    private async ValueTask StopUnlessHeldAsync(StoryRecord story)
    {
        if (clients.HolderCount(story.StoryId) > 0)
        {
            return;
        }

        started.Remove(story.StoryId);
        if (story.Groups.Count > 0 && registry.Group(story.Groups[^1]) is { } group)
        {
            await notifier.StopAsync(story.StoryId, group);
        }
    }
}

using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Player.Following;
using ChronoLog.Player.Planning;
using ChronoLog.Player.Recent;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Player;

/// <summary>
/// Replays the stories of a recording group across all tiers: plans (<see cref="ReplayPlanner"/>), merges and hands out
/// pages (<see cref="ReadService"/>), and keeps recent chunks that a Grapher sends (<see cref="RecentChunks"/>). Every
/// public member is used on the role's strand.
/// </summary>
public sealed class PlayerRole
{
    private readonly PlayerOptions options;
    private readonly PlayerPorts ports;
    private readonly CancellationTokenSource stop = new();
    private readonly RecentChunks recent;
    private readonly RecentReceiver receiver;
    private readonly TierChannels channels;
    private readonly ColdTallies tallies;
    private readonly ReplayPlanner planner;
    private readonly DamageFindings findings;
    private readonly ReadService reads;
    private readonly FollowDesk following;
    private Task membership = Task.CompletedTask;
    private Task counting = Task.CompletedTask;

    public PlayerRole(PlayerOptions options, PlayerPorts ports)
    {
        this.options = options;
        this.ports = ports;
        recent = new RecentChunks(options.RecentBytesMax);
        receiver = new RecentReceiver(recent, ports.Bulk);
        channels = new TierChannels(ports.Connector);
        tallies = new ColdTallies(
            ports.Cold,
            ports.Timers,
            ports.ReadStrands.Count == 0 ? null : ports.ReadStrands[0],
            options,
            ports.Logger);
        var tiers = new TierReader(options, channels, ports.Bulk, ports.Timers);
        ProcessIdentity self = ports.Registry.Identity;
        var earlier = new EarlierGroups(tiers, () => self.Group, self.Archive);
        planner = new ReplayPlanner(
            ports.Strand, () => ports.Registry.Group, tiers, earlier, recent, ports.Cold, options.Name);
        findings = new DamageFindings(channels, () => ports.Registry.Group?.Grapher, options, ports.Logger);
        following = new FollowDesk(
            options, channels, ports.Timers, ports.Strand, self.Epoch, () => ports.Registry.Group);
        reads = new ReadService(
            options.Reads with { Server = options.Name }, ports.Timers, ports.Bulk, PlanAsync, ports.ReadStrands);
    }

    /// <summary>What was served so far.</summary>
    public ReadStatistics Reads => reads.Statistics;

    /// <summary>Bytes of recent chunks in memory.</summary>
    public long RecentBytes => recent.Bytes;

    /// <summary>Serves, and registers with the Visor in the background.</summary>
    public void Start()
    {
        ports.Cold.DamageFound = path => ports.Strand.Post(_ => findings.Tell(path, stop.Token), null);
        reads.Register(ports.Query);
        following.Register(ports.Query);
        ports.Admin.Handle(Methods.StartStoryRecording, StartStoryAsync);
        ports.Admin.Handle(Methods.StopStoryRecording, static (_, _) => ValueTask.FromResult(new Empty()));
        ports.Admin.Handle(Methods.DestroyStoryData, DestroyStoryAsync);
        ports.Admin.Handle(Methods.StoryFileAppeared, StoryFileAsync);
        ports.Admin.Handle(Methods.AnnounceChunk, receiver.AnnounceAsync);
        ports.Registry.Registered = RegisteredAsync;
        ports.Registry.GroupChanged = following.Observe;
        ports.Registry.Answered = Answered;
        ports.Registry.Report = Report;
        ports.Query.Start();
        ports.Admin.Start();
        membership = ports.Registry.RunAsync(stop.Token);
    }

    /// <summary>Closes every replay and leaves the deployment.</summary>
    public async ValueTask StopAsync()
    {
        stop.Cancel();
        following.Stop();
        await membership;
        await reads.StopAsync();
        await counting;
        await ports.Registry.UnregisterAsync();
        await channels.DisposeAsync();
        recent.Clear();
    }

    private ValueTask<ReadPlan> PlanAsync(OpenReadRequest request, CancellationToken cancellation)
    {
        tallies.Know(request.Story);
        return planner.PlanAsync(request, cancellation);
    }

    private ValueTask RegisteredAsync(RegisterReply reply)
    {
        foreach (StoryDescriptor story in reply.Stories)
        {
            tallies.Know(story);
        }

        counting = tallies.CountAsync();
        return default;
    }

    private ValueTask<Empty> StartStoryAsync(StartStoryRecordingRequest request, RpcContext call)
    {
        if (request.Group is { } group && ports.Registry.Group is { } own && group.Group != own.Group)
        {
            following.Moved(request.Story, group);
            return ValueTask.FromResult(new Empty());
        }

        ports.Registry.Observe(request.Group);
        tallies.Know(request.Story);
        return ValueTask.FromResult(new Empty());
    }

    private ValueTask<Empty> DestroyStoryAsync(DestroyStoryRequest request, RpcContext call)
    {
        Forget(request.Story);
        following.Destroyed(request.Story);
        return ValueTask.FromResult(new Empty());
    }

    private ValueTask<Empty> StoryFileAsync(StoryFileNotice notice, RpcContext call)
    {
        if (notice.Destroyed)
        {
            Forget(notice.Story);
        }
        else
        {
            tallies.Know(notice.Story);
            ports.Cold.Appeared(notice.Path);
        }

        return ValueTask.FromResult(new Empty());
    }

    private void Forget(StoryDescriptor? story)
    {
        if (story is null)
        {
            throw new ChronoLogException(
                Status.InvalidArgument, $"{options.Name} was told to forget a story without its name");
        }

        recent.Drop(story.StoryId);
        tallies.Forget(story.StoryId);
        ports.Cold.Destroyed(story);
    }

    private void Answered(HeartbeatReply reply)
    {
        foreach (GroupView view in reply.OtherGroups)
        {
            following.Observe(view);
        }
    }

    private void Report(HeartbeatRequest heartbeat)
    {
        ReadStatistics served = reads.Statistics;
        var values = heartbeat.Statistics;
        values["cursors_open"] = served.CursorsOpen;
        values["cursors_opened"] = served.CursorsOpened;
        values["pages_served"] = served.PagesServed;
        values["bytes_served"] = served.BytesServed;
        values["stories_followed"] = following.StoriesFollowed;
        values["followers"] = following.Followers;
        heartbeat.OtherGroups.AddRange(following.OtherGroups);
        values["events_served"] = served.EventsServed;
        values["identity_conflicts"] = served.Conflicts;
        values["recent_bytes"] = recent.Bytes;
        values["recent_chunks"] = recent.Count;
        values["cold_files"] = tallies.Counted.Values.Sum(static tally => tally.Files);
        values["cold_files_damaged"] = tallies.Counted.Values.Sum(static tally => tally.DamagedFiles);
        foreach ((ulong story, ColdTally tally) in tallies.Counted)
        {
            heartbeat.Stories.Add(new StoryTally
            {
                StoryId = story,
                Events = (ulong)tally.Events,
                Bytes = (ulong)tally.RecordBytes,
                Late = (ulong)tally.LateEvents,
            });
        }

        if (counting.IsCompleted)
        {
            counting = tallies.CountAsync(); // for the next heartbeat
        }
    }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Building;
using ChronoLog.Grapher.Collection;
using ChronoLog.Grapher.Notices;
using ChronoLog.Grapher.Repair;
using ChronoLog.Grapher.Stories;
using ChronoLog.Grapher.Watermarks;
using ChronoLog.Grapher.Writing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher;

/// <summary>
/// The warm tier of a recording group: pulls partial chunks from Keepers, merges them into complete ones, and archives
/// them. Three stages with a bounded queue between them: collection (<see cref="ChunkCollector"/>), building
/// (<see cref="StoryBuilder"/>), writing (<see cref="StoryWriter"/>). Every public member is used on the role's strand.
/// </summary>
public sealed class GrapherRole
{
    // A Keeper's own may be answered just before it drains: the second one behind the stop tells of it.
    private const int HeartbeatsToHear = 2;

    private readonly GrapherOptions options;
    private readonly GrapherPorts ports;
    private readonly CancellationTokenSource stop = new();
    private readonly HeldMemory memory;
    private readonly BoundedQueue<PulledImage> buildingQueue;
    private readonly StoryTable stories;
    private readonly PartialLedger ledger = new();
    private readonly PeerChannels channels;
    private readonly KeeperNotices keeperNotices;
    private readonly PlayerNotices playerNotices;
    private readonly ChunkCollector collector;
    private readonly AnnouncementDesk desk;
    private readonly StoryBuilder builder;
    private readonly StoryWriter writer;
    private readonly ChunkRetirer retirer;
    private readonly GroupWindow window;
    private readonly WatermarkRecorder watermarks;
    private readonly RepairDesk repairs;
    private readonly ReadService reads;
    private readonly List<Task> loops = [];
    private long heartbeats; // answered by the Visor

    public GrapherRole(GrapherOptions options, GrapherPorts ports)
    {
        this.options = options;
        this.ports = ports;
        memory = new HeldMemory(options.HeldBytesMax);
        buildingQueue = new BoundedQueue<PulledImage>(
            options.BuildingQueueMax, options.HeldBytesMax, static image => image.Request.HeldBytes,
            static image => image.Request.IsPriority);
        stories = new StoryTable(options.StoriesMax, options.Windows, story => watermarks!.Read(story));
        watermarks = new WatermarkRecorder(ports.Watermarks, stories, ports.Timers, options, ports.Logger);
        channels = new PeerChannels(ports.Connector);
        var notices = new NoticeContext(channels, ports.Timers, View, options, ports.Logger, stop.Token);
        keeperNotices = new KeeperNotices(notices, Statistics);
        playerNotices = new PlayerNotices(notices);
        repairs = new RepairDesk(ports.Care, notices);
        ledger.Archived = keeperNotices.Add;
        ledger.Remember(ports.AlreadyArchived);
        collector = new ChunkCollector(ports.Bulk, memory, buildingQueue, options.AnnouncementsMax, Statistics);
        var check = new AnnouncementCheck(
            ports.Bulk.SlabBytesMax, ports.Bulk.Provider, GrapherOptions.Nanoseconds(options.FutureLimit));
        desk = new AnnouncementDesk(check, collector, stories, ledger, ports.Clock, ports.Timers, Epoch, Statistics);
        builder = new StoryBuilder(
            ports.Bulk, memory, buildingQueue, options.Windows.ChunkDurationNanoseconds, ports.Strand, Ingest);
        writer = new StoryWriter(
            ports.Extraction, ledger, playerNotices, ports.Registry, ports.Timers, options.Backoff, Statistics,
            ports.Logger, stop.Token)
        {
            ChunkArchived = repairs.Archived,
        };
        window = new GroupWindow(options.Windows.AcceptanceWindowNanoseconds, options.FollowsNetwork);
        retirer = new ChunkRetirer(
            stories, writer, memory, ports.Clock, GrapherOptions.Nanoseconds(options.HoldLimit), window, View,
            Statistics);
        reads = new ReadService(
            options.Reads with { Server = options.Name }, ports.Timers, ports.Bulk, PlanAsync, ports.ReadStrands);
    }

    public GrapherStatistics Statistics { get; } = new();

    /// <summary>Bytes held now, of <see cref="GrapherOptions.HeldBytesMax"/>.</summary>
    public long HeldBytes => memory.Bytes;

    /// <summary>Seconds; the acceptance window in force.</summary>
    internal double AcceptanceWindowSeconds => window.Of(View()) / 1e9;

    /// <summary>What no StoryFile has, for people: "120 events of stories a/b, c/d"; null = nothing.</summary>
    public string? Unarchived
    {
        get
        {
            const int NamesMax = 5; // a log line is no list of a thousand stories
            List<GrapherStory> warm = [.. stories.All.Where(story => story.WarmEvents > 0)];
            if (warm.Count == 0)
            {
                return desk.Active == 0 ? null : $"{desk.Active} chunks half pulled from their Keepers and";
            }

            IEnumerable<string> names =
                warm.Take(NamesMax).Select(story => $"{story.Descriptor.Chronicle}/{story.Descriptor.Story}");
            string more = warm.Count > NamesMax ? $" and {warm.Count - NamesMax} more" : "";
            return $"{warm.Sum(story => story.WarmEvents)} events of stories {string.Join(", ", names)}{more}";
        }
    }

    /// <summary>Serves, and registers with the Visor in the background.</summary>
    public void Start()
    {
        ports.Drain.Handle(Methods.AnnounceChunk, desk.AnnounceAsync);
        ports.Drain.Handle(Methods.DrainProgress, DrainProgressAsync);
        ports.Admin.Handle(Methods.StartStoryRecording, StartStoryAsync);
        ports.Admin.Handle(Methods.StopStoryRecording, StopStoryAsync);
        ports.Admin.Handle(Methods.DestroyStoryData, DestroyStoryAsync);
        repairs.Register(ports.Admin);
        reads.Register(ports.Admin);
        ports.Registry.Registered = RegisteredAsync;
        ports.Registry.Answered = Recognise;
        ports.Registry.Report =
            new GrapherReport(this, stories, desk, buildingQueue, ports.Extraction, keeperNotices, watermarks, repairs, writer).Fill;
        for (int stream = 0; stream < options.CollectionStreams; stream++)
        {
            loops.Add(collector.RunAsync(stop.Token));
        }

        loops.AddRange(ports.BuildingStrands.Select(strand => strand.InvokeAsync(() => builder.RunAsync(stop.Token))));
        ports.Extraction.Start(ports.ExtractionStrands, ports.Strand, writer.CompletedAsync);
        loops.Add(RetireAsync());
        loops.Add(watermarks.RunAsync(stop.Token));
        loops.Add(repairs.RunAsync(stop.Token));
        ports.Drain.Start();
        ports.Admin.Start();
        loops.Add(ports.Registry.RunAsync(stop.Token));
    }

    /// <summary>
    /// For an orderly stop: takes what the Keepers still announce until those that drain have left and the others are quiet,
    /// archives everything that is held, and delivers the notices.
    /// </summary>
    /// <param name="deadline">Gives up after this time; what is left is announced again by its Keepers.</param>
    /// <returns>Whether all of it is archived.</returns>
    public async ValueTask<bool> DrainAsync(TimeSpan deadline)
    {
        long begin = ports.Timers.MonotonicNanoseconds;
        long known = heartbeats;
        while (Since(begin) < deadline && (View()?.Keepers.Count > 0 ? MayAnnounce(begin, known) : MayAppear(begin, known)))
        {
            if (!MayBeUnderWay(begin))
            {
                retirer.RetireAll(); // Keepers that drain wait for the archive, and this process for them
            }

            await ports.Timers.Delay(options.RetirePause, stop.Token);
        }

        desk.Close();
        while (true)
        {
            retirer.RetireAll();
            if (IsDrained || Since(begin) >= deadline)
            {
                await watermarks.WriteAllAsync();
                return IsDrained;
            }

            await ports.Timers.Delay(options.RetirePause, stop.Token);
        }
    }

    /// <summary>
    /// Ends all streams and leaves the deployment. What is not archived is lost here, and kept by its Keepers.
    /// </summary>
    public async ValueTask StopAsync()
    {
        desk.Close();
        stop.Cancel();
        foreach (Task loop in loops)
        {
            await loop; // one by one: WhenAll would leave the strand for a moment
        }

        await ports.Extraction.StopAsync();
        await reads.StopAsync();
        await ports.Registry.UnregisterAsync();
        await channels.DisposeAsync();
    }

    // A Keeper may have to find this process first (both began just now), and then announces after seconds of silence. Which
    // ones drain is told with heartbeats: theirs to the Visor, then the answer to one of this process's own.
    private bool MayAnnounce(long begin, long known) => MayBeUnderWay(begin)
        || View()?.DrainingKeepers.Count > 0
        || (heartbeats < known + HeartbeatsToHear && Since(begin) < options.DrainHearing);

    private bool MayBeUnderWay(long begin) => Since(begin) < options.DrainQuiet
        || Since(desk.LastNanoseconds) < options.DrainQuiet
        || desk.Active > 0;

    // A Keeper that registered after this process is unknown here until the next heartbeat: it may be full of what an
    // earlier run left, and have been asked to stop, too.
    private bool MayAppear(long begin, long known) => heartbeats == known && Since(begin) < options.DrainQuiet;

    private bool IsDrained => desk.Active == 0 && writer.Unarchived == 0 && playerNotices.Waiting == 0
        && keeperNotices.WaitingFor(View()) == 0 && stories.All.All(story => story.Pipeline.EventCount == 0);

    private GroupView? View() => ports.Registry.Group;

    private TimeSpan Since(long nanoseconds) =>
        TimeSpan.FromTicks((ports.Timers.MonotonicNanoseconds - nanoseconds) / TimeSpan.NanosecondsPerTick);

    private void Ingest(BuiltRun built)
    {
        PullRequest request = built.Request;
        if (request.Story.IsDestroyed)
        {
            built.Run.Release();
            return;
        }

        Statistics.CollectedEvents += built.Run.Count;
        HeldPartial partial = ledger.Add(request.Key, request.Announcement, built.Spans);
        Statistics.LateEvents += request.Announcement.Import
            ? Import(partial, built)
            : request.Story.Ingest(partial, built);
    }

    // Chunks are for what comes in time order. Historical events come sorted, and would be cut into a file per chunk.
    private int Import(HeldPartial partial, BuiltRun built)
    {
        GrapherStory story = built.Request.Story;
        AnnounceChunkRequest announced = built.Request.Announcement;
        int late = story.LateIn(built);
        var chunk = new StoryChunk(announced.Story.StoryId, announced.StartTime, announced.EndTime) { IsLate = late > 0 };
        chunk.Add(built.Run);
        var piece = new OpenPiece(partial, built.Run.Count, late);
        built.Run.Release();
        Statistics.ImportedEvents += piece.Count;
        writer.WriteImport(story, chunk, piece);
        return late;
    }

    private async Task RetireAsync()
    {
        try
        {
            while (true)
            {
                await ports.Timers.Delay(options.RetirePause, stop.Token);
                RetireOnce();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private void RetireOnce()
    {
        try
        {
            retirer.Retire();
        }
        catch (Exception exception)
        {
            // A defect in one look must not end all archiving.
            ports.Logger.LogError(exception, "{Name}: retiring chunks failed and is repeated", options.Name);
        }
    }

    // What Keepers announced of a story that nobody records: it may have been destroyed while this process was away.
    private void Recognise(HeartbeatReply reply)
    {
        heartbeats++;
        foreach (ulong storyId in reply.ConfirmedStories)
        {
            if (stories.Find(storyId) is { } story)
            {
                story.IsConfirmed = true;
            }
        }

        foreach (ulong storyId in reply.GoneStories)
        {
            if (stories.Find(storyId) is { IsConfirmed: false } story)
            {
                ports.Logger.LogWarning(
                    "{Name}: {Events} events of story {Story} are dropped: the Visor knows no such story, it was destroyed",
                    options.Name, story.WarmEvents, story.Descriptor.Name);
                _ = DropAsync(story.Descriptor);
            }
        }
    }

    private async Task DropAsync(StoryDescriptor descriptor)
    {
        try
        {
            await stories.DestroyAsync(descriptor.StoryId, story => DestroyAsync(descriptor, story));
        }
        catch (Exception exception)
        {
            ports.Logger.LogError(
                exception, "{Name}: what is left of destroyed story {Story} could not be removed", options.Name, descriptor.Name);
        }
    }

    private ValueTask RegisteredAsync(RegisterReply reply)
    {
        foreach (StoryDescriptor story in reply.Stories)
        {
            try
            {
                stories.Start(story);
            }
            catch (Exception exception)
            {
                ports.Logger.LogError(
                    exception, "{Name}: story {Story} was not started", options.Name, story.Name);
            }
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask<Empty> StartStoryAsync(StartStoryRecordingRequest request, RpcContext context)
    {
        ports.Registry.Observe(request.Group);
        stories.Start(Required(request.Story));
        return ValueTask.FromResult(new Empty());
    }

    // What the Keepers still hold has to come, and the windows run off as before.
    private ValueTask<Empty> StopStoryAsync(StopStoryRecordingRequest request, RpcContext context)
    {
        if (stories.Find(request.StoryId) is { } story)
        {
            story.IsRecording = false;
        }

        return ValueTask.FromResult(new Empty());
    }

    private async ValueTask<Empty> DestroyStoryAsync(DestroyStoryRequest request, RpcContext context)
    {
        StoryDescriptor descriptor = Required(request.Story);
        await stories.DestroyAsync(descriptor.StoryId, story => DestroyAsync(descriptor, story));
        return new Empty();
    }

    private async Task DestroyAsync(StoryDescriptor descriptor, GrapherStory? story)
    {
        ledger.Forget(descriptor.StoryId);
        repairs.Forget(descriptor.StoryId);
        if (story is not null)
        {
            await story.DestroyAsync();
        }

        await watermarks.SettleAsync();
        await ports.DestroyArchive(descriptor, stop.Token);
        playerNotices.Add(new StoryFileNotice { Story = descriptor, Destroyed = true }, static () => { });
    }

    private ulong Epoch() => ports.Registry.Identity.Epoch;

    private ValueTask<Empty> DrainProgressAsync(DrainProgressRequest request, RpcContext context)
    {
        if (request.GrapherEpoch != 0 && request.GrapherEpoch != Epoch())
        {
            return ValueTask.FromResult(new Empty()); // what the process before this one had is not here
        }

        if (request.JournalFull)
        {
            retirer.Hurry();
        }

        retirer.Want(request.WantedStories);
        window.Report(request.ProcessId, request.AcceptanceTimeWindowNanoseconds);

        ulong now = ports.Clock.Now;
        var reported = new Dictionary<ulong, ulong>();
        foreach (StoryProgress progress in request.Stories)
        {
            reported[progress.StoryId] = progress.DrainedThrough;
        }

        foreach (GrapherStory story in stories.All)
        {
            // A report names every story that the Keeper has anything of. What it says of the others counts for this one,
            // too: without that, a Keeper that was never written to would hold up the story's last chunk.
            bool isNamed = reported.TryGetValue(story.Descriptor.StoryId, out ulong through);
            story.Drained.Report(request.ProcessId, request.Epoch, isNamed ? through : request.DrainedThrough);
            story.UpdateWatermark(View(), now);
        }

        return ValueTask.FromResult(new Empty());
    }

    private ValueTask<ReadPlan> PlanAsync(OpenReadRequest request, CancellationToken cancellation)
    {
        if (request.GrapherEpoch != 0 && request.GrapherEpoch != Epoch())
        {
            // The reader left out, at the Keepers, what the process before this one had: here is nothing of it.
            throw new ChronoLogException(
                Status.Fenced, $"{options.Name} was started again at {Epoch()}, the reader asks for {request.GrapherEpoch}");
        }

        StoryDescriptor asked = Required(request.Story);
        if (stories.Find(asked.StoryId) is not { } story)
        {
            ulong archived = stories.IsDestroyed(asked.StoryId) ? 0 : watermarks.Read(asked);
            return ValueTask.FromResult(ReadPlan.Empty(archived) with { Before = new PrecedingEvents() });
        }

        var runs = story.Snapshot(request.StartTime, request.EndTime);
        var source = new RunReadSource($"warm tier of {options.Name} at {ports.Admin.Endpoint}", runs);
        runs.ForEach(static run => run.Release());
        PrecedingEvents before = request.CountBefore ? story.CountBefore(request.StartTime) : PrecedingEvents.Unknown;
        return ValueTask.FromResult(new ReadPlan([source], story.Watermark, []) { Before = before });
    }

    private static StoryDescriptor Required(StoryDescriptor? story) =>
        story ?? throw new ChronoLogException(Status.InvalidArgument, "the request names no story");
}

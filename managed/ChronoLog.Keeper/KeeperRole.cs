using ChronoLog.Core.Agents;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Time;
using ChronoLog.Keeper.Following;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Keeper.Recording;
using ChronoLog.Keeper.Recovery;
using ChronoLog.Keeper.Retirement;
using ChronoLog.Keeper.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper;

/// <summary>
/// The hot tier: rings in, journal and pipelines, partial chunks out to the Grapher, hot reads for the Player.
/// Everything runs on the role's strand except the agents, each of which the composition gives a thread.
/// </summary>
/// <remarks>
/// Order of life: construct; run the agents; <see cref="StartAsync"/>; <see cref="DrainAsync"/>; end the agents'
/// threads;
/// <see cref="StopAsync"/>; dispose the ports.
/// </remarks>
public sealed class KeeperRole
{
    private readonly KeeperOptions options;
    private readonly KeeperPorts ports;
    private readonly StoryTable stories;
    private readonly HandoverLedger ledger;
    private readonly RetirementDuty retirement;
    private readonly KeeperRecovery recovery;
    private readonly JournalRecall recall;
    private readonly RecordingService recording;
    private readonly StoryService service;
    private readonly ReadService reads;
    private readonly ArchiveDesk archiving;
    private readonly GrapherLink grapher;
    private readonly FollowDesk following;
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> duties = [];
    private bool isDraining;

    public KeeperRole(KeeperOptions options, KeeperPorts ports)
    {
        this.options = options;
        this.ports = ports;
        stories = new StoryTable(options, ports.Clock, ports.Journals.Count);
        var arrivals = new LatencyWindow();
        IngestionAgents = [.. ports.Journals.Select((journal, number) => new IngestionAgent(
            number, options, journal, stories, ports.Clock, ports.Timers, arrivals, ports.Logger))];
        SyncAgents = [.. ports.Journals.Select((journal, number) => new SyncAgent(
            options, journal, IngestionAgents[number], stories, ports.Timers, ports.Logger))];
        PreparationAgent = new PreparationAgent(options.Name, ports.Journals);

        ledger = new HandoverLedger(options, ports.Extraction, ports.Timers, ports.Logger);
        var acceptance = new AcceptanceTimeWindow(
            ports.Latency ?? new LatencyWindow(), options.AtwFloor, options.AtwCeiling, arrivals);
        retirement = new RetirementDuty(options, stories, ledger, ports.Registry, ports.Clock, acceptance);
        recovery = new KeeperRecovery(options, ports, stories);
        recall = new JournalRecall(options, ports, stories);
        recording = new RecordingService(
            options, ports, IngestionAgents, SyncAgents)
        {
            Clock = ports.Clock,
        };
        service = new StoryService(
            options, stories, ledger, retirement, ports.Registry, IngestionAgents, ports.Clock,
            FenceAsync, ports.Logger);
        archiving = new ArchiveDesk(stories, ledger, retirement, ports.Registry, ports.Timers, FenceAsync);
        grapher = new GrapherLink(options.Name, ports.Connector, options.CallDeadline, ports.Logger);
        following = new FollowDesk(
            options, stories, retirement, ports.Clock, ports.Timers, ports.Strand, ports.Registry.Identity.Epoch,
            FenceAsync);
        Statistics = new KeeperStatistics(
            ports, recovery, recall, recording, ledger, retirement, acceptance, stories, IngestionAgents, SyncAgents);
        reads = new ReadService(
            options.Reads with { Server = options.Name }, ports.Timers, ports.Bulk,
            new HotReads(options, stories, recovery.Missing, FenceAsync).PlanAsync, ports.ReadStrands);
    }

    /// <summary>
    /// Each on a thread of its own, woken by <see cref="IngestionAgent.Wake"/>, which the composition sets.
    /// </summary>
    public IReadOnlyList<IngestionAgent> IngestionAgents { get; }

    /// <summary>Each on a thread of its own: a sync blocks.</summary>
    public IReadOnlyList<SyncAgent> SyncAgents { get; }

    /// <summary>On a thread of its own, with a longest sleep of about a millisecond.</summary>
    public PreparationAgent PreparationAgent { get; }

    public KeeperStatistics Statistics { get; }

    /// <summary>True while somebody follows a story here: rings are to be looked at more often then. From any thread.</summary>
    public bool IsFollowed => stories.AnyFollowed;

    /// <summary>Chunks that are not archived yet.</summary>
    public int ChunksNotArchived => ledger.Count;

    /// <summary>What <see cref="DrainAsync"/> left, for people: "3 chunks with 120 events of stories a/b, c/d".
    /// </summary>
    public string NotArchived =>
        ledger.Describe() + (recording.Count == 0 ? "" : $" and {recording.Count} undrained rings");

    /// <summary>
    /// Takes up what an earlier process left, then serves, registers with the Visor (waiting for it as long as it
    /// takes), and begins its duties. On the strand.
    /// </summary>
    /// <exception cref="IOException">A journal can't vouch for what it holds.</exception>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        recovery.Run(recording); // before anyone may read: what is missing now would be missing silently
        recording.Register(ports.Recording);
        archiving.Register(ports.Recording);
        service.Register(ports.Admin);
        recall.Register(ports.Admin);
        reads.Register(ports.Admin);
        following.Register(ports.Admin);
        ports.Extraction.Start(ports.ExtractionStrands, ports.Strand, ledger.CompletedAsync);
        ports.Admin.Start(); // before the registration: the Visor may name stories at once
        ports.Recording.Start();

        RegistryClient registry = ports.Registry;
        registry.Registered = OnRegistered;
        registry.GroupChanged = view => _ = FollowAsync(view);
        registry.Answered = reply => Quietly(() => service.Recognise(reply));
        registry.Report = heartbeat =>
        {
            Statistics.Fill(heartbeat);
            heartbeat.Statistics["stories_followed"] = following.StoriesFollowed;
            heartbeat.Statistics["follow_questions"] = following.Questions;
        };
        await registry.RegisterAsync(cancellation);
        duties.Add(registry.RunAsync(stop.Token));
        duties.Add(RepeatAsync(options.RetirementPeriod, RetireAsync));
        duties.Add(RepeatAsync(options.ProgressPeriod ?? options.RetirementPeriod, ReportProgressAsync));
    }

    /// <summary>
    /// Completes when everything that producers had reserved in the rings by now is journaled and indexed, those on other
    /// nodes included: an event whose recording returned before is then in the pipelines. On the strand.
    /// </summary>
    /// <returns>False when that did not come about within <see cref="KeeperOptions.FenceDeadline"/>.</returns>
    public async ValueTask<bool> FenceAsync()
    {
        if (!await recording.Mirrors.FenceAsync())
        {
            return false;
        }

        Task[] fences = [.. IngestionAgents.Select(agent => agent.FenceAsync())];
        if (Array.TrueForAll(fences, fence => fence.IsCompleted))
        {
            return true;
        }

        using var expiry = new CancellationTokenSource();
        var passed = new TaskCompletionSource<bool>();
        _ = PassAsync(fences, passed);
        _ = ExpireAsync(passed, expiry.Token);
        bool isPassed = await passed.Task;
        expiry.Cancel();
        return isPassed;
    }

    /// <summary>
    /// An orderly end: no new rings, rings closed and drained, every chunk handed over, and archived as far as the
    /// deadline allows. On the strand, with the agents still running.
    /// </summary>
    /// <returns>True when nothing is left here that is not archived.</returns>
    public async Task<bool> DrainAsync(TimeSpan deadline)
    {
        long end = ports.Timers.MonotonicNanoseconds + (long)deadline.TotalNanoseconds;
        isDraining = true;
        recording.Refusal = "it is being shut down";
        recording.CloseAll();
        duties.Add(ports.Registry.BeginDrainingAsync(stop.Token)); // the Grapher, if it ends too, waits for what is here
        do
        {
            await FenceAsync();
            foreach (KeeperStory story in stories.All)
            {
                retirement.RetireAll(story);
            }

            await ReportProgressAsync();
            if (recording.Count == 0 && ledger.Count == 0)
            {
                break;
            }

            await ports.Timers.Delay(options.RetirementPeriod);
        }
        while (ports.Timers.MonotonicNanoseconds < end);

        if (recording.Count > 0 || ledger.Count > 0)
        {
            // Without taking leave: the Visor then lists it as dead, and replays say what may be missing.
            return false;
        }

        await ports.Registry.UnregisterAsync();
        return true;
    }

    /// <summary>
    /// Ends everything. The agents' threads have ended before. On the strand. What is not archived keeps its references
    /// on the journal's segments, so that their files outlive the process.
    /// </summary>
    public async Task StopAsync()
    {
        stop.Cancel();
        following.Stop();
        ledger.Stop();
        await Task.WhenAll(duties);
        await reads.StopAsync();
        await ports.Extraction.StopAsync();
        await grapher.DisposeAsync();
        recording.DisposeAll();
    }

    private static async Task PassAsync(Task[] fences, TaskCompletionSource<bool> passed)
    {
        foreach (Task fence in fences)
        {
            await fence;
        }

        passed.TrySetResult(true);
    }

    private async Task ExpireAsync(TaskCompletionSource<bool> passed, CancellationToken cancellation)
    {
        try
        {
            await ports.Timers.Delay(options.FenceDeadline, cancellation);
            passed.TrySetResult(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private ValueTask OnRegistered(RegisterReply reply)
    {
        foreach (IJournal journal in ports.Journals)
        {
            journal.Identify(reply.ProcessId, ports.Registry.Identity.Epoch);
        }

        ports.Rings.Identify(reply.ProcessId, ports.Registry.Identity.Epoch);

        foreach (StoryDescriptor story in reply.Stories)
        {
            Quietly(() => service.Start(story));
        }

        stories.Settle();

        if (!isDraining)
        {
            recording.Refusal = null;
        }

        return default;
    }

    private void Quietly(Action start)
    {
        try
        {
            start();
        }
        catch (ChronoLogException exception)
        {
            ports.Logger.LogError(
                "{Name}: the Visor named a story that cannot be: {Reason}", options.Name, exception.Message);
        }
    }

    // What the old Grapher had is counted as not handed over before the first report to the new one.
    private async Task FollowAsync(GroupView view)
    {
        if (grapher.IsReplacedBy(view.Grapher))
        {
            ports.Logger.LogWarning(
                "{Name}: the Grapher at {Endpoint} is a new process; what the old one had not archived is announced "
                + "again",
                options.Name, view.Grapher.ServiceEndpoint);
            retirement.Restart(view.Grapher.Epoch);
        }

        await grapher.FollowAsync(view.Grapher);
    }

    private async Task RepeatAsync(TimeSpan period, Func<ValueTask> duty)
    {
        try
        {
            while (true)
            {
                await ports.Timers.Delay(period, stop.Token);
                await GuardAsync(duty);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    // A defect met in one round must not end the duty: the next rounds still have to drain the rest.
    private async ValueTask GuardAsync(Func<ValueTask> duty)
    {
        try
        {
            await duty();
        }
        catch (Exception exception) when (!stop.IsCancellationRequested)
        {
            ports.Logger.LogError(
                exception, "{Name}: a periodic duty failed; it goes on with the next round", options.Name);
        }
    }

    private async ValueTask RetireAsync()
    {
        ulong now = ports.Clock.Now;
        bool isFenced = await FenceAsync();
        retirement.Retire(now, isFenced);
        ledger.AnnounceOverdue();
        service.Dismantle();
        recording.Mirrors.CloseSilent();
        recording.DisposeLeft();
    }

    private ValueTask ReportProgressAsync()
    {
        DrainProgressRequest progress = retirement.Progress();
        progress.JournalFull = ports.Journals.Any(
            journal => journal.State is JournalState.QuotaReached or JournalState.NoSpace);
        progress.WantedStories.Add(archiving.Wanted());
        return grapher.ReportAsync(progress, stop.Token);
    }
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;
using ChronoLog.Keeper;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Keeper.Stories;
using ChronoLog.Store.Journal;
using ChronoLog.Transport.Rings;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Hosting;

/// <summary>Composition of <c>chronolog keeper</c>.</summary>
internal static class KeeperHost
{
    // While a client has a ring, its thread is looked after this often; a hot read and a new ring wake it at once.
    private static readonly TimeSpan SleepMax = TimeSpan.FromMilliseconds(1);

    // Without clients there is nothing to find: what the node's processor has is the application's.
    private static readonly TimeSpan SleepMaxAlone = TimeSpan.FromMilliseconds(50);

    public static async Task<int> RunAsync(SettingValues settings, CancellationToken cancellation)
    {
        using var stop = new StopSignal(cancellation);
        await using var process = new RoleContext(
            Role.Keeper, $"keeper-{settings.Get(KeeperSettings.RecordingPort)}", settings);
        List<SegmentJournal> journals = OpenJournals(settings);
        List<UnarchivedRange> leftBehind = [.. journals.SelectMany(journal => LeftBehind(journal, process.Logger))];
        using var rings = new SharedRingHost(new SharedRingOptions
        {
            Directory = settings.Get(KeeperSettings.RingDirectory),
            RingsMax = (int)settings.Get(KeeperSettings.RingsMax),
        });
        try
        {
            int? status = await MemberContext.RunAsync(
                process, (member, token) => RunAsync(process, member, journals, leftBehind, rings, token), stop.Token);
            return status ?? Departure.Report(process, [.. EarlierRest(leftBehind)]);
        }
        finally
        {
            journals.ForEach(journal => journal.Dispose());
        }
    }

    private static async Task<int> RunAsync(
        RoleContext process, MemberContext member, List<SegmentJournal> journals, List<UnarchivedRange> leftBehind,
        SharedRingHost rings, CancellationToken stop)
    {
        SettingValues settings = process.Settings;
        IRpcServer recording = process.Listen(KeeperSettings.RecordingPort);
        IRpcServer admin = process.Listen(KeeperSettings.AdminPort);
        RegistryClient registry = member.Register(recording, admin);
        var extraction = member.CreateExtraction(
            settings.Get(KeeperSettings.ExtractionModule),
            () => registry.Group?.Grapher?.ServiceEndpoint,
            () => admin.Endpoint);
        var keeper = new KeeperRole(Options(process.Name, process.Settings), new KeeperPorts
        {
            Strand = process.Strand,
            Recording = recording,
            Admin = admin,
            Connector = process.Connector,
            Registry = registry,
            Bulk = member.Bulk,
            Rings = rings,
            Journals = journals,
            LeftBehind = leftBehind,
            Clock = member.Clock,
            Timers = process.Timers,
            Extraction = extraction,
            ExtractionStrands = member.NewStrands("extraction", extraction.StreamCount),
            ReadStrands = member.NewStrands("hot read", 1),
            Logger = process.Logger,
        });
        List<AgentRunner> runners = StartAgents(keeper, process.Logger);
        bool isDrained = true;
        try
        {
            await process.Strand.InvokeAsync(() => new ValueTask(keeper.StartAsync(stop)));
            rings.Options = rings.Options with { KeeperProcessId = registry.ProcessId, KeeperEpoch = registry.Identity.Epoch };
            process.Logger.LogInformation("recording at {Endpoint}", recording.Endpoint);
            await WaitAsync(stop);
            isDrained = await process.Strand.InvokeAsync(
                () => new ValueTask<bool>(keeper.DrainAsync(settings.Get(DrainSettings.DrainDeadline))));
        }
        finally
        {
            runners.ForEach(runner => runner.Dispose());
            await process.Strand.InvokeAsync(() => new ValueTask(keeper.StopAsync()));
        }

        return Departure.Report(
            process, [.. Rest(settings, isDrained ? null : keeper.NotArchived), .. EarlierRest(leftBehind)]);
    }

    private static IEnumerable<string> Rest(SettingValues settings, string? notArchived)
    {
        string journal = Path.GetFullPath(settings.Get(KeeperSettings.JournalDirectory));
        return notArchived is null
            ? []
            : [$"{notArchived} not archived within {settings.Get(DrainSettings.DrainDeadline).TotalSeconds} s: they "
                + $"stay in its journal {journal}; keep that directory, and see in the logs why the Grapher did not take "
                + "them"];
    }

    private static IEnumerable<string> EarlierRest(List<UnarchivedRange> leftBehind) =>
        from range in leftBehind
        group range by range.Directory into ranges
        select $"{ranges.Sum(range => range.Events)} events of {ranges.Count()} stories in {ranges.Key}, of an earlier "
            + "run that ended without archiving all of them; keep that directory";

    /// <summary>Completes, without failing, when the token is cancelled.</summary>
    internal static async Task WaitAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, stop);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static List<AgentRunner> StartAgents(KeeperRole keeper, ILogger logger)
    {
        TimeSpan Sleep() => keeper.IngestionAgents.Any(agent => agent.Rings.Count > 0) ? SleepMax : SleepMaxAlone;
        AgentRunner Run(IAgent agent) =>
            new(agent, Sleep, exception => logger.LogError(exception, "{Agent} failed", agent.Name));

        List<AgentRunner> others = [.. keeper.SyncAgents.Append<IAgent>(keeper.PreparationAgent).Select(Run)];
        List<AgentRunner> runners = [.. others];
        foreach (IngestionAgent agent in keeper.IngestionAgents)
        {
            AgentRunner runner = Run(agent);
            runners.Add(runner);
            agent.Wake = () =>
            {
                runner.Wake();
                others.ForEach(other => other.Wake()); // a new ring ends their long sleep too
            };
        }

        return runners;
    }

    private static List<SegmentJournal> OpenJournals(SettingValues settings)
    {
        long count = settings.Get(KeeperSettings.IngestionStreams);
        var journals = new List<SegmentJournal>();
        for (int number = 0; number < count; number++)
        {
            journals.Add(new SegmentJournal(new JournalOptions
            {
                Directory = Path.Combine(settings.Get(KeeperSettings.JournalDirectory), $"stream-{number}"),
                SegmentBytes = settings.Get(KeeperSettings.JournalSegment),
                QuotaBytes = settings.Get(KeeperSettings.JournalQuota) / count,
            }));
        }

        return journals;
    }

    // Which of these events the earlier run had archived is not known here: their range is stated with every replay.
    private static IEnumerable<UnarchivedRange> LeftBehind(SegmentJournal journal, ILogger logger)
    {
        foreach (LeftoverRange range in LeftoverRanges.Read(journal.Directory, journal.Leftovers))
        {
            logger.LogWarning(
                "{Directory} holds {Events} events of story {Story:x16}, {Start} to {End}, of an earlier run that ended "
                + "without archiving all of them; its segments are kept",
                journal.Directory, range.Events, range.StoryId, range.FirstTime, range.LastTime);
            yield return new UnarchivedRange(
                range.StoryId, range.FirstTime, ChronoTick.AddSaturating(range.LastTime, 1), range.Events, journal.Directory);
        }
    }

    internal static KeeperOptions Options(string name, SettingValues settings) => new()
    {
        Name = name,
        Reads = ReadSettings.Read(settings),
        Host = HostIdentity.Current,
        ChunkDuration = settings.Get(KeeperSettings.ChunkDuration),
        AcceptanceWindow = settings.Get(KeeperSettings.AcceptanceWindow),
        RingBytesDefault = settings.Get(KeeperSettings.RingCapacity),
        RingsMax = (int)settings.Get(KeeperSettings.RingsMax),
        SyncInterval = settings.Get(KeeperSettings.SyncInterval),
    };
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;
using ChronoLog.Keeper;
using ChronoLog.Keeper.Ingestion;
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

    // While somebody follows a story, whose events shall be there within a millisecond of having been recorded. 4000 looks
    // a second cost some 2 % of a core.
    private static readonly TimeSpan SleepMaxFollowed = TimeSpan.FromMicroseconds(200);

    // Without clients there is nothing to find: what the node's processor has is the application's.
    private static readonly TimeSpan SleepMaxAlone = TimeSpan.FromMilliseconds(50);

    public static async Task<int> RunAsync(SettingValues settings, CancellationToken cancellation)
    {
        using var stop = new StopSignal(cancellation);
        await using var process = new RoleContext(Role.Keeper, KeeperSettings.RecordingPort, settings);
        List<SegmentJournal> journals = OpenJournals(settings, process.Logger);
        using var rings = new SharedRingHost(new SharedRingOptions
        {
            Directory = settings.Get(KeeperSettings.RingDirectory),
            OwnerKey = RingOwner(process),
            RingsMax = (int)settings.Get(KeeperSettings.RingsMax),
        });
        try
        {
            int? status = await MemberContext.RunAsync(
                process, (member, token) => RunAsync(process, member, journals, rings, token), stop.Token);
            return status ?? Departure.Report(process, []);
        }
        finally
        {
            journals.ForEach(journal => journal.Dispose());
        }
    }

    private static async Task<int> RunAsync(
        RoleContext process, MemberContext member, List<SegmentJournal> journals, SharedRingHost rings,
        CancellationToken stop)
    {
        SettingValues settings = process.Settings;
        IRpcServer recording = process.Listen(KeeperSettings.RecordingPort);
        IRpcServer admin = process.Listen(KeeperSettings.AdminPort);
        RegistryClient registry = member.Register(recording, admin);
        var extraction = member.CreateExtraction(
            settings.Get(KeeperSettings.ExtractionModule),
            () => registry.Group?.Grapher?.ServiceEndpoint,
            player: null,
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
            Clock = member.Clock,
            Timers = process.Timers,
            Extraction = extraction,
            ExtractionStrands = member.NewStrands("extraction", extraction.StreamCount),
            ReadStrands = member.NewStrands("hot read", 1),
            Latency = member.Latency,
            Logger = process.Logger,
        });
        List<AgentRunner> runners = StartAgents(keeper, process.Logger);
        bool isDrained = true;
        try
        {
            await process.Strand.InvokeAsync(() => new ValueTask(keeper.StartAsync(stop)));
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

        return Departure.Report(process, [.. Rest(settings, isDrained ? null : keeper.NotArchived)]);
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
        TimeSpan SleepOfIngestion() => keeper.IsFollowed && Sleep() == SleepMax ? SleepMaxFollowed : Sleep();
        AgentRunner Run(IAgent agent, Func<TimeSpan> sleep) => new(
            agent, sleep, exception => logger.LogError(exception, "{Agent} failed", agent.Name), BriefSleep.For);

        List<AgentRunner> others =
            [.. keeper.SyncAgents.Append<IAgent>(keeper.PreparationAgent).Select(agent => Run(agent, Sleep))];
        List<AgentRunner> runners = [.. others];
        foreach (IngestionAgent agent in keeper.IngestionAgents)
        {
            AgentRunner runner = Run(agent, SleepOfIngestion);
            runners.Add(runner);
            agent.Wake = () =>
            {
                runner.Wake();
                others.ForEach(other => other.Wake()); // a new ring ends their long sleep too
            };
        }

        return runners;
    }

    private static List<SegmentJournal> OpenJournals(SettingValues settings, ILogger logger)
    {
        string directory = settings.Get(KeeperSettings.JournalDirectory);
        long count = settings.Get(KeeperSettings.IngestionStreams);
        while (HasSegments(Path.Combine(directory, $"stream-{count}")))
        {
            count++; // an earlier run had more streams: what they left is to be archived, too
        }

        var journals = new List<SegmentJournal>();
        for (int number = 0; number < count; number++)
        {
            journals.Add(new SegmentJournal(new JournalOptions
            {
                Directory = Path.Combine(directory, $"stream-{number}"),
                SegmentBytes = settings.Get(KeeperSettings.JournalSegment),
                QuotaBytes = settings.Get(KeeperSettings.JournalQuota) / count,
                StateChanged = (state, message) => logger.Log(
                    state == JournalState.Ready ? LogLevel.Information : LogLevel.Error, "{Message}", message),
            }));
        }

        return journals;
    }

    private static bool HasSegments(string stream) =>
        Directory.Exists(stream) && JournalReader.SegmentNames(stream).Any();

    // Rings are taken up by whoever goes on with the journal that their events are in.
    private static ulong RingOwner(RoleContext process)
    {
        string journal = Path.GetFullPath(process.Settings.Get(KeeperSettings.JournalDirectory));
        return BinaryPrimitives.ReadUInt64LittleEndian(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{process.Name}\0{journal}")));
    }

    internal static KeeperOptions Options(string name, SettingValues settings) => new()
    {
        Name = name,
        Reads = ReadSettings.Read(settings),
        Host = HostIdentity.Current,
        ChunkDuration = settings.Get(KeeperSettings.ChunkDuration),
        AcceptanceWindow = settings.Get(KeeperSettings.AcceptanceWindow) ?? settings.Get(KeeperSettings.AtwCeiling),
        FollowsNetwork = settings.Get(KeeperSettings.AcceptanceWindow) is null,
        AtwFloor = settings.Get(KeeperSettings.AtwFloor),
        AtwCeiling = settings.Get(KeeperSettings.AtwCeiling),
        EventTimes = new EventTimeBounds(settings.Get(KeeperSettings.LateBound), settings.Get(KeeperSettings.FutureBound)),
        RingBytesDefault = settings.Get(KeeperSettings.RingCapacity),
        RingsMax = (int)settings.Get(KeeperSettings.RingsMax),
        RemoteSilence = settings.Get(KeeperSettings.RemoteSilence),
        SyncInterval = settings.Get(KeeperSettings.SyncInterval),
        FollowSettle = settings.Get(KeeperSettings.FollowSettle),
    };
}

using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;
using ChronoLog.Store.Archive;
using ChronoLog.Transport.Bulk;
using ChronoLog.Transport.Rings;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Hosting;

/// <summary>What the members of a recording group have beyond every server: data plane, synchronised clock, registry.</summary>
internal sealed class MemberContext : IAsyncDisposable
{
    private static readonly TimeSpan ClockPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ClockRetryPause = TimeSpan.FromMilliseconds(100);

    // Chunks that wait for the chain: bounded by the bytes that the tier may hold anyway, so only the count is a guard.
    private const int ExtractionQueueMax = 1 << 20;

    private readonly CancellationTokenSource closing = new();
    private readonly IRpcChannel visor;
    private readonly ClockSynchronizer synchronizer;
    private Task clockTask = Task.CompletedTask;
    private CancellationTokenSource? ending;

    private MemberContext(RoleContext process)
    {
        Process = process;
        SettingValues settings = process.Settings;
        Bulk = FabricBulkEndpoint.Open(
            new FabricOptions(
                settings.Get(MemberSettings.Fabric),
                settings.Get(CommonSettings.Address),
                settings.Get(MemberSettings.FabricBudget),
                (int)settings.Get(MemberSettings.FabricSlab)),
            notice => process.Logger.LogInformation("{Notice}", notice));
        visor = process.Connector.Open(settings.Get(MemberSettings.Visor));
        synchronizer = new ClockSynchronizer(visor, Methods.RegistryClock, Clock);
    }

    public RoleContext Process { get; }

    /// <summary>Why the process ends although nobody stopped it: a living one has its place. Else null.</summary>
    public ChronoLogException? Displacement { get; private set; }

    public FabricBulkEndpoint Bulk { get; }

    /// <summary>The base clock, set before the role starts.</summary>
    public SharedClock Clock { get; } = new();

    /// <summary>One-way latencies to and from the Visor.</summary>
    public LatencyWindow Latency => synchronizer.Latency;

    /// <summary>Runs a member once the Visor is there.</summary>
    /// <returns>The body's exit status; null when the stop came before it had begun.</returns>
    /// <exception cref="ChronoLogException">Fenced: a living process has this one's place in its group.</exception>
    public static async Task<int?> RunAsync(
        RoleContext process, Func<MemberContext, CancellationToken, Task<int>> body, CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        MemberContext? opened = null;
        int? status = null;
        try
        {
            await using MemberContext member = opened = await OpenAsync(process, stop);
            member.ending = ending;
            status = await body(member, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
        }

        return opened?.Displacement is { } displacement ? throw displacement : status;
    }

    // Opens the data plane and waits until the Visor has told the time.
    private static async Task<MemberContext> OpenAsync(RoleContext process, CancellationToken cancellation)
    {
        var member = new MemberContext(process);
        bool told = false;
        while (true)
        {
            try
            {
                await member.synchronizer.SynchronizeAsync(cancellation);
                break;
            }
            catch (ChronoLogException exception)
            {
                if (!told)
                {
                    process.Logger.LogWarning("waiting for the Visor: {Reason}", exception.Message);
                    told = true;
                }

                await Task.Delay(ClockRetryPause, cancellation);
            }
        }

        process.Logger.LogInformation(
            "clock set from {Visor}: round trip {RoundTrip} ns, uncertainty {Uncertainty} ns, ticks from {Source}; data "
            + "plane {Provider}",
            member.visor.Endpoint, member.synchronizer.RoundTripNanoseconds, member.Clock.UncertaintyNanoseconds,
            SharedClock.DescribeSource(out _), member.Bulk.Provider);
        member.clockTask = member.synchronizer.RunAsync(process.Timers, ClockPeriod, member.closing.Token);
        return member;
    }

    /// <param name="service">Where the process serves its group or its clients.</param>
    /// <param name="admin">Where the Visor reaches it.</param>
    /// <param name="archive">Root of the archive that it has before it.</param>
    public RegistryClient Register(IRpcServer service, IRpcServer admin, string? archive = null)
    {
        ProcessIdentity identity = Process.Identify(service, admin, Clock.Now);
        identity.Group = (uint)Process.Settings.Get(MemberSettings.Group);
        identity.Archive = archive is null ? "" : ArchiveIdentity.Of(archive);
        identity.FabricProvider = FabricProviders.NameOf(Bulk.Provider);
        return new RegistryClient(visor, identity, new RegistryOptions(), Process.Timers, Process.Logger)
        {
            ReportProcess = ReportProcess,
            Displaced = exception =>
            {
                Displacement = exception;
                ending?.Cancel();
            },
        };
    }

    /// <summary>The extraction module of the process's settings, with every extractor that ChronoLog has.</summary>
    /// <param name="json">The settings.</param>
    /// <param name="defaultReceiver">Of an rdma_extractor that names none.</param>
    /// <param name="player">Of complete chunks; null = this process has none.</param>
    /// <param name="adminEndpoint">Where this process hears of archived chunks.</param>
    public ExtractionModule CreateExtraction(
        string json, Func<string?> defaultReceiver, Func<string?>? player, Func<string> adminEndpoint)
    {
        var registry = new ExtractorRegistry();
        var options = new RdmaExtractorOptions(Process.Connector, Bulk, defaultReceiver, adminEndpoint);
        RdmaExtractor.Register(registry, options);
        if (player is not null)
        {
            PlayerExtractor.Register(registry, options with { DefaultReceiver = player }, Process.Timers, Process.Logger);
        }

        LoggingExtractor.Register(registry, Process.Logger);
        Hdf5Extractor.Register(registry);
        CsvExtractor.Register(registry);
        return new ExtractionModule(
            ExtractionSettings.Parse(json), registry, new ExtractionQueue(ExtractionQueueMax, long.MaxValue), Process.Logger);
    }

    /// <summary>One strand with a thread for each of a number of streams.</summary>
    public IReadOnlyList<Strand> NewStrands(string purpose, long count) =>
        [.. Enumerable.Range(0, (int)count).Select(number => Process.NewStrand($"{purpose} {number}"))];

    private void ReportProcess(HeartbeatRequest heartbeat)
    {
        BulkStatistics bulk = Bulk.Statistics;
        heartbeat.Statistics["rma_reads"] = bulk.ReadsCompleted;
        heartbeat.Statistics["rma_bytes_read"] = bulk.BytesRead;
        heartbeat.Statistics["bulk_bytes_rented"] = Bulk.BytesRented;
        heartbeat.Statistics["cpu_seconds"] = Environment.CpuUsage.TotalTime.TotalSeconds;
        heartbeat.Statistics["resident_bytes"] = Environment.WorkingSet;
        heartbeat.Statistics["gc_collections"] = GC.CollectionCount(0);
        heartbeat.Clock = synchronizer.Report();
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await clockTask;
        await visor.DisposeAsync();
        await Bulk.DisposeAsync();
        Clock.Dispose();
        closing.Dispose();
    }
}

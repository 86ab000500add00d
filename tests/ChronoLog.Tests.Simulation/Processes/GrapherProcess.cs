using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>A Grapher, composed as in the product, with the archive on a simulated disk.</summary>
internal sealed class GrapherProcess(Deployment deployment, SimNode node, string name, int incarnation)
    : MemberProcess(deployment, node, name, incarnation, Role.Grapher)
{
    private const int QueueMax = 1 << 20;

    private GrapherRole? role;

    protected override ValueTask ComposeAsync()
    {
        SimSettings settings = Deployment.Settings;
        Archive.CleanLeftovers();
        Bulk.VerifiesChecksum = !Deployment.Bugs.Has(Bugs.PlantedBug.SkipPullChecksum);
        SimRpcServer drain = Listen("drain");
        SimRpcServer admin = Listen("admin");
        var archive = new SimExtractor(this, Archive, () => Deployment.Disks, Deployment.Bugs);
        var extraction = new ExtractionModule(
            settings.ExtractionStreams, [archive], new ExtractionQueue(QueueMax, long.MaxValue), Logger);
        role = new GrapherRole(Options(settings), new GrapherPorts
        {
            Strand = Strand,
            Registry = Register(drain, admin),
            Clock = Clock,
            Timers = this,
            Drain = drain,
            Admin = admin,
            Connector = Connector,
            Bulk = Bulk,
            Extraction = extraction,
            ExtractionStrands = NewStrands("extraction", extraction.StreamCount),
            BuildingStrands = NewStrands("building", 1),
            ReadStrands = NewStrands("warm read", 1),
            DestroyArchive = (story, _) =>
            {
                if (Effect("destroy archive"))
                {
                    Archive.Destroy(story);
                }

                return ValueTask.CompletedTask;
            },
            Watermarks = new SimWatermarkStore(
                this, Archive, () => Deployment.Disks, settings.Groups == 1 ? Deployment.Checker : null),
            Logger = Logger,
        });
        role.Start();
        return default;
    }

    // As GrapherHost does it.
    protected override async ValueTask StopRoleAsync()
    {
        await role!.DrainAsync(Deployment.Settings.DrainDeadline);
        if (IsAlive)
        {
            await role.StopAsync();
        }
    }

    private GrapherOptions Options(SimSettings settings) => new()
    {
        Name = Name,
        ChunkDuration = settings.GrapherChunk,
        AcceptanceWindow = settings.GrapherWindow,
        FollowsNetwork = settings.FollowsNetwork,
        HoldLimit = settings.HoldLimit,
        CollectionStreams = 2,
        Backoff = new RetryBackoff(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500)),
        DrainQuiet = TimeSpan.FromMilliseconds(300),
        WatermarkPeriod = settings.WatermarkPeriod,
        IdleWatermarkPeriod = settings.WatermarkPeriod * 5,
        RecordsWatermarkEarly = Deployment.Bugs.Has(Bugs.PlantedBug.WatermarkRecordedEarly),
        NoticeDeadline = TimeSpan.FromMilliseconds(500),
        PlayerNoticeLimit = TimeSpan.FromSeconds(1),
    };
}

using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>A Grapher, composed as in the product, with the archive on a simulated disk.</summary>
internal sealed class GrapherProcess(Deployment deployment, SimNode node, int incarnation)
    : MemberProcess(deployment, node, "grapher", incarnation, Role.Grapher)
{
    private const int QueueMax = 1 << 20;

    protected override ValueTask ComposeAsync()
    {
        SimSettings settings = Deployment.Settings;
        Deployment.Archive.CleanLeftovers();
        Bulk.VerifiesChecksum = !Deployment.Bugs.Has(Bugs.PlantedBug.SkipPullChecksum);
        SimRpcServer drain = Listen("drain");
        SimRpcServer admin = Listen("admin");
        var archive = new SimExtractor(this, Deployment.Archive, () => Deployment.Disks, Deployment.Bugs);
        var extraction = new ExtractionModule(
            settings.ExtractionStreams, [archive], new ExtractionQueue(QueueMax, long.MaxValue), Logger);
        var role = new GrapherRole(Options(settings), new GrapherPorts
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
            DestroyArchive = static (_, _) => ValueTask.CompletedTask,
            Watermarks = new SimWatermarkStore(
                this, Deployment.Archive, () => Deployment.Disks, Deployment.Checker),
            Logger = Logger,
        });
        role.Start();
        return default;
    }

    private GrapherOptions Options(SimSettings settings) => new()
    {
        Name = Name,
        ChunkDuration = settings.GrapherChunk,
        AcceptanceWindow = settings.GrapherWindow,
        HoldLimit = settings.HoldLimit,
        CollectionStreams = 2,
        Backoff = new RetryBackoff(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500)),
        WatermarkPeriod = settings.WatermarkPeriod,
        IdleWatermarkPeriod = settings.WatermarkPeriod * 5,
        RecordsWatermarkEarly = Deployment.Bugs.Has(Bugs.PlantedBug.WatermarkRecordedEarly),
        NoticeDeadline = TimeSpan.FromMilliseconds(500),
        PlayerNoticeLimit = TimeSpan.FromSeconds(1),
    };
}

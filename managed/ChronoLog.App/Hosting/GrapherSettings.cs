using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows of <c>chronolog grapher</c>.</summary>
internal static class GrapherSettings
{
    public static readonly Setting<int> DrainPort =
        SettingKinds.Port("drain-port", 9999, "Port where Keepers announce their chunks.");

    public static readonly Setting<int> AdminPort =
        SettingKinds.Port("admin-port", 3333, "Port of the administration service and of warm reads.");

    public static readonly Setting<string> ArchiveDirectory =
        SettingKinds.Path("archive-directory", "archive", "Root directory of the HDF5 archive.");

    public static readonly Setting<TimeSpan> ChunkDuration =
        SettingKinds.Duration("chunk-duration", "60s", "1ms", "7d", "Time range of one complete StoryChunk, and so of a StoryFile.");

    public static readonly Setting<TimeSpan?> AcceptanceWindow = SettingKinds.DurationOrAuto(
        "acceptance-window", "120s", "1ms", "7d",
        "How long a chunk stays open for late parts after its end; auto: the greatest ATW of the group's Keepers.");

    public static readonly Setting<TimeSpan> AtwUnreported = SettingKinds.Duration(
        "atw-unreported", "30s", "1ms", "7d", "The automatic window as long as no Keeper has reported its ATW.");

    public static readonly Setting<TimeSpan> HoldLimit = SettingKinds.Duration(
        "hold-limit", "10m", "10ms", "7d", "How long past its window a chunk waits for a Keeper that does not report.");

    public static readonly Setting<long> CollectionStreams =
        SettingKinds.Integer("collection-streams", 2, 1, 64, "Pulls from Keepers at the same time.");

    public static readonly Setting<long> BuildingStreams =
        SettingKinds.Integer("building-streams", 1, 1, 64, "Chunks that are put into pipelines at the same time.");

    public static readonly Setting<long> MemoryBudget =
        SettingKinds.Bytes("memory-budget", "2GiB", "16MiB", "64TiB", "Most event memory held; beyond it pulls wait.");

    public static readonly Setting<string> ExtractionModule = SettingKinds.Json(
        "extraction-module",
        """
        {"extraction_stream_count":1,"extractors":{"archive":{"type":"hdf5_extractor"},"player":{"type":"player_extractor"}}}
        """,
        "Chain of extractors that a complete chunk passes: hdf5_extractor, player_extractor (chunks of hot stories, to the "
        + "Player's memory), csv_extractor, rdma_extractor, logging_extractor; one without a directory uses archive-directory.");

    public static readonly SettingTable Table = new("chrono_grapher", [
        .. CommonSettings.All, .. MemberSettings.All, .. ReadSettings.All, .. DrainSettings.All,
        DrainPort, AdminPort, ArchiveDirectory, ChunkDuration,
        AcceptanceWindow, AtwUnreported, HoldLimit, CollectionStreams, BuildingStreams, MemoryBudget, ExtractionModule,
    ]);
}

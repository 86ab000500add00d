using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows of <c>chronolog keeper</c>.</summary>
internal static class KeeperSettings
{
    public static readonly Setting<int> RecordingPort =
        SettingKinds.Port("recording-port", 6666, "Port of the recording service.");

    public static readonly Setting<int> AdminPort =
        SettingKinds.Port("admin-port", 4444, "Port of the administration service and of hot reads.");

    public static readonly Setting<string> JournalDirectory =
        SettingKinds.Path("journal-directory", "journal", "Directory of the journal: the node's fast flash, or /dev/shm.");

    public static readonly Setting<long> JournalSegment =
        SettingKinds.Bytes("journal-segment", "64MiB", "1MiB", "4GiB", "Size of one journal segment.");

    public static readonly Setting<long> JournalQuota = SettingKinds.Bytes(
        "journal-quota", "8GiB", "4MiB", "1024TiB",
        "Most that the journal may hold; beyond it clients wait.");

    public static readonly Setting<string> RingDirectory =
        SettingKinds.Path("ring-directory", "/dev/shm", "Shared memory directory of the clients' rings.");

    public static readonly Setting<long> RingCapacity =
        SettingKinds.Bytes("ring-capacity", "16MiB", "64KiB", "1GiB", "Size of a client's ring; a power of two.");

    public static readonly Setting<long> RingsMax =
        SettingKinds.Integer("rings-max", 1024, 1, 65536, "Most clients that may record here at once.");

    public static readonly Setting<TimeSpan> ChunkDuration =
        SettingKinds.Duration("chunk-duration", "30s", "1ms", "1d", "Time range of one partial StoryChunk.");

    public static readonly Setting<TimeSpan> AcceptanceWindow = SettingKinds.Duration(
        "acceptance-window", "30s", "1ms", "1d", "How long a chunk stays open for late events after its end.");

    public static readonly Setting<long> IngestionStreams =
        SettingKinds.Integer("ingestion-streams", 1, 1, 64, "Threads that drain rings; each has a journal of its own.");

    public static readonly Setting<TimeSpan> SyncInterval =
        SettingKinds.Duration("sync-interval", "2ms", "0", "10s", "Least time between two group commits of the journal.");

    public static readonly Setting<TimeSpan> FollowSettle = SettingKinds.Duration(
        "follow-settle", "20ms", "0", "1m",
        "How long after its tick an event may reach its ring and still be in time for ordered followers; they are that far behind.");

    public static readonly Setting<string> ExtractionModule = SettingKinds.Json(
        "extraction-module",
        """{"extraction_stream_count":1,"extractors":{"drain":{"type":"rdma_extractor"}}}""",
        "Chain of extractors that a retired chunk passes: rdma_extractor, csv_extractor, logging_extractor, hdf5_extractor.");

    public static readonly SettingTable Table = new("chrono_keeper", [
        .. CommonSettings.All, .. MemberSettings.All, .. ReadSettings.All, .. DrainSettings.All,
        RecordingPort, AdminPort, JournalDirectory, JournalSegment,
        JournalQuota, RingDirectory, RingCapacity, RingsMax, ChunkDuration, AcceptanceWindow, IngestionStreams,
        SyncInterval, FollowSettle, ExtractionModule,
    ]);
}

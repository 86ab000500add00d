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

    public static readonly Setting<TimeSpan> RemoteSilence = SettingKinds.Duration(
        "remote-silence", "5s", "1s", "1h",
        "After so long a silence a client on another node is given up; replays are PARTIAL until then.");

    public static readonly Setting<TimeSpan> ChunkDuration =
        SettingKinds.Duration("chunk-duration", "30s", "1ms", "1d", "Time range of one partial StoryChunk.");

    public static readonly Setting<TimeSpan?> AcceptanceWindow = SettingKinds.DurationOrAuto(
        "acceptance-window", "30s", "1ms", "1d",
        "How long a chunk stays open for late events after its end; auto: the ATW, twice the measured latency.");

    public static readonly Setting<TimeSpan> AtwFloor = SettingKinds.Duration(
        "atw-floor", "10ms", "1ms", "1d", "The least that the ATW may be, and so an automatic acceptance window.");

    public static readonly Setting<TimeSpan> AtwCeiling = SettingKinds.Duration(
        "atw-ceiling", "30s", "1ms", "1d", "The most that the ATW may be.");

    public static readonly Setting<TimeSpan> LateBound = SettingKinds.Duration(
        "late-bound", "30d", "1s", "3650d", "How far back of now a client's own event time may lie; beyond it the call fails.");

    // Far below the hour that a Grapher lets a chunk end in the future.
    public static readonly Setting<TimeSpan> FutureBound = SettingKinds.Duration(
        "future-bound", "1s", "0", "10m",
        "How far ahead of now it may lie; the uncertainty of the client's clock is added.");

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
        JournalQuota, RingDirectory, RingCapacity, RingsMax, RemoteSilence, ChunkDuration, AcceptanceWindow, AtwFloor,
        AtwCeiling, LateBound, FutureBound, IngestionStreams, SyncInterval, FollowSettle, ExtractionModule,
    ]);
}

using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows of <c>chronolog player</c>.</summary>
internal static class PlayerSettings
{
    public static readonly Setting<int> QueryPort = SettingKinds.Port("query-port", 2225, "Port where clients open replays.");

    public static readonly Setting<int> AdminPort = SettingKinds.Port("admin-port", 2222, "Port of the administration service.");

    public static readonly Setting<string> ArchiveDirectory =
        SettingKinds.Path("archive-directory", "archive", "Root directory of the HDF5 archive.");

    public static readonly Setting<long> MemoryBudget =
        SettingKinds.Bytes("memory-budget", "512MiB", "1MiB", "64TiB", "Most memory for recent chunks.");

    public static readonly Setting<long> ReplayStreams =
        SettingKinds.Integer("replay-streams", 2, 1, 64, "Threads that merge and fill replay pages.");

    public static readonly Setting<TimeSpan> TierDeadline =
        SettingKinds.Duration("tier-deadline", "2s", "10ms", "5m", "Longest wait for one tier before a replay is PARTIAL.");

    public static readonly Setting<long> FollowersMax = SettingKinds.Integer(
        "followers-max", 3000, 1, 100000, "Most clients that may follow stories here at once.");

    public static readonly Setting<long> FollowMemory = SettingKinds.Bytes(
        "follow-memory", "256MiB", "1MiB", "64GiB", "Most memory for the events that followers have yet to fetch.");

    public static readonly SettingTable Table = new("chrono_player", [
        .. CommonSettings.All, .. MemberSettings.All, .. ReadSettings.All,
        QueryPort, AdminPort, ArchiveDirectory, MemoryBudget, ReplayStreams,
        TierDeadline, FollowersMax, FollowMemory,
    ]);
}

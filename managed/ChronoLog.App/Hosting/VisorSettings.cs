using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows of <c>chronolog visor</c>.</summary>
internal static class VisorSettings
{
    public static readonly Setting<int> PortalPort = SettingKinds.Port("portal-port", 5555, "Port of the client portal.");

    public static readonly Setting<int> RegistryPort = SettingKinds.Port("registry-port", 8888, "Port of the process registry.");

    public static readonly Setting<string> Database =
        SettingKinds.Path("database", "chrono-visor.db", "SQLite file that holds the metadata.");

    public static readonly Setting<TimeSpan> HeartbeatPeriod =
        SettingKinds.Duration("heartbeat-period", "1s", "20ms", "1m", "How often a process reports.");

    public static readonly Setting<TimeSpan> DeadAfter =
        SettingKinds.Duration("dead-after", "4s", "100ms", "10m", "Silence after which a process leaves the clients' view.");

    public static readonly Setting<TimeSpan> ClientLease =
        SettingKinds.Duration("client-lease", "30s", "1s", "1d", "Silence after which a client's stories are released.");

    public static readonly Setting<string> GroupAssignment = SettingKinds.Choice(
        "group-assignment", "uniform", "How a story gets its recording group.", "uniform", "least-loaded");

    public const string AnchorAnew = "anew";

    public static readonly Setting<TimeSpan> ClockBehindMax = SettingKinds.Duration(
        "clock-behind-max", "10s", "0s", "3650d",
        "How far the wall clock may be behind ticks given out before, at a start on another boot or node.");

    public static readonly Setting<string> ClockAnchor = SettingKinds.Choice(
        "clock-anchor", "continue", "Whether a restarted base clock goes on, or jumps to the wall clock if that is later.",
        "continue", AnchorAnew);

    public static readonly SettingTable Table = new("chrono_visor", [
        .. CommonSettings.All, PortalPort, RegistryPort, Database, HeartbeatPeriod, DeadAfter, ClientLease, GroupAssignment,
        ClockBehindMax, ClockAnchor,
    ]);
}

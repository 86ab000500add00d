using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows that every server process has.</summary>
internal static class CommonSettings
{
    public static readonly Setting<string> Name =
        SettingKinds.String("name", "", "How the process is called in logs and status; default: its role, host and port.");

    public static readonly Setting<string> Address =
        SettingKinds.Address("address", "127.0.0.1", "IP address that every port and the data plane bind to.");

    public static readonly Setting<string> LogLevel =
        SettingKinds.Choice("log-level", "info", "Least severity that is logged.", "trace", "debug", "info", "warn", "error");

    public static readonly Setting<string> LogFormat =
        SettingKinds.Choice("log-format", "text", "Log lines as text, or as one JSON object each.", "text", "json");

    public static readonly Setting<string> LogFile =
        SettingKinds.String("log-file", "", "File that standard output and error are appended to; default: none.");

    public static readonly IReadOnlyList<Setting> All = [Name, Address, LogLevel, LogFormat, LogFile];
}

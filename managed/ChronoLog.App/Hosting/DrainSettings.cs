using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows of whoever has events to hand on before it may end: Keeper and Grapher.</summary>
internal static class DrainSettings
{
    public static readonly Setting<TimeSpan> DrainDeadline = SettingKinds.Duration(
        "drain-deadline", "50s", "100ms", "1d",
        "Longest time that a stop takes to archive everything; what is left stays in journals, the exit status is 1.");

    public static readonly Setting<string> LeftBehindFile = SettingKinds.String(
        "left-behind-file", "", "File that gets a line for whatever a stop leaves unarchived; default: none.");

    public static readonly IReadOnlyList<Setting> All = [DrainDeadline, LeftBehindFile];
}

namespace ChronoLog.Core.Settings;

/// <summary>Where a setting's value came from; a later one wins over an earlier one.</summary>
public enum SettingSource
{
    Default,
    File,
    Environment,
    CommandLine,
}

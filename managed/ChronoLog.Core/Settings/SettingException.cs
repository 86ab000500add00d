namespace ChronoLog.Core.Settings;

/// <summary>A setting was refused: the message names it, its value, where it came from and what is allowed.</summary>
public sealed class SettingException(string message) : Exception(message);

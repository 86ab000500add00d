namespace ChronoLog.Core.Model;

/// <summary>How a chronicle is served when resources are short.</summary>
public enum ChronicleType
{
    Standard,
    Priority,
}

namespace ChronoLog.Core.Model;

/// <summary>How eagerly a chronicle's events move to colder tiers.</summary>
public enum Tiering
{
    Normal,
    Hot,
    Cold,
}

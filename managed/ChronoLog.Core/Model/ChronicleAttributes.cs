namespace ChronoLog.Core.Model;

public enum Granularity { Nanoseconds, Microseconds, Milliseconds, Seconds }

public enum CollisionPolicy { Redundancy, Idempotent, Ordering, Sequentiality }

public enum Tiering { Normal, Hot, Cold }

public enum ChronicleType { Standard, Priority }

/// <summary>Typed view of a chronicle's attributes.</summary>
public sealed class ChronicleAttributes
{
    public Granularity Granularity { get; private init; }
    public CollisionPolicy Collision { get; private init; }
    public Tiering Tiering { get; private init; }
    public ChronicleType Type { get; private init; }
    public DurabilityLevel Durability { get; private init; } = DurabilityLevel.Synced;
    public int Replicas { get; private init; } = 1;
    /// <summary>Unknown keys: free-form.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private init; } = new Dictionary<string, string>();
    /// <exception cref="Protocol.ChronoLogException">InvalidArgument: names key, value and what is allowed.</exception>
    public static ChronicleAttributes Parse(IEnumerable<KeyValuePair<string, string>> attributes) => throw new NotImplementedException();
    /// <summary>Checks one pair; unknown keys pass.</summary>
    public static void Check(string key, string value) => throw new NotImplementedException();
    /// <summary>All known keys with their values, and the metadata.</summary>
    public IReadOnlyDictionary<string, string> ToDictionary() => throw new NotImplementedException();
}

using System.Globalization;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Model;

/// <summary>
/// Typed view of a chronicle's attributes. Known keys have a set of values and a default; every other key is free-form
/// metadata and kept as it is.
/// </summary>
public sealed class ChronicleAttributes
{
    public const string GranularityKey = "granularity";
    public const string CollisionKey = "collision";
    public const string TieringKey = "tiering";
    public const string TypeKey = "type";
    public const string DurabilityKey = "durability";
    public const string ReplicasKey = "replicas";

    // The position of a name is its enumerator's value.
    private static readonly string[] GranularityNames = ["ns", "us", "ms", "s"];
    private static readonly string[] CollisionNames = ["redundancy", "idempotent", "ordering", "sequentiality"];
    private static readonly string[] TieringNames = ["normal", "hot", "cold"];
    private static readonly string[] TypeNames = ["standard", "priority"];
    private static readonly string[] DurabilityNames = ["accepted", "journaled", "synced", "replicated", "archived"];
    private static readonly string[] ReplicasNames = ["1", "2"];

    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        [GranularityKey] = GranularityNames,
        [CollisionKey] = CollisionNames,
        [TieringKey] = TieringNames,
        [TypeKey] = TypeNames,
        [DurabilityKey] = DurabilityNames,
        [ReplicasKey] = ReplicasNames,
    };

    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    private ChronicleAttributes()
    {
    }

    /// <summary>What a chronicle has that was created without attributes.</summary>
    public static ChronicleAttributes Default { get; } = new();

    public Granularity Granularity { get; private set; } = Granularity.Nanoseconds;

    /// <summary>Nanoseconds in one step of the granularity.</summary>
    public ulong GranularityNanoseconds => Granularity switch
    {
        Granularity.Microseconds => 1_000,
        Granularity.Milliseconds => 1_000_000,
        Granularity.Seconds => 1_000_000_000,
        _ => 1,
    };

    public CollisionPolicy Collision { get; private set; } = CollisionPolicy.Redundancy;

    public Tiering Tiering { get; private set; } = Tiering.Normal;

    public ChronicleType Type { get; private set; } = ChronicleType.Standard;

    /// <summary>What flush and ReleaseStory wait for unless told otherwise.</summary>
    public DurabilityLevel Durability { get; private set; } = DurabilityLevel.Synced;

    /// <summary>Keepers that get each event: 1 or 2.</summary>
    public int Replicas { get; private set; } = 1;

    /// <summary>All other keys.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>Reads attributes; what is not given has its default.</summary>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.InvalidArgument"/>: names the key, the value and what is allowed.
    /// </exception>
    public static ChronicleAttributes Parse(IEnumerable<KeyValuePair<string, string>> attributes)
    {
        var parsed = new ChronicleAttributes();
        foreach ((string key, string value) in attributes)
        {
            parsed.Set(key, value);
        }

        return parsed;
    }

    /// <summary>Checks one pair; keys that are not known pass with any value.</summary>
    /// <exception cref="ChronoLogException">As <see cref="Parse"/>.</exception>
    public static void Check(string key, string value) => new ChronicleAttributes().Set(key, value);

    /// <summary>Whether a chronicle's events are ordered by arrival, so that stamps are stored with them.</summary>
    public static bool HasArrivals(IEnumerable<KeyValuePair<string, string>> attributes)
    {
        string ordering = CollisionNames[(int)CollisionPolicy.Ordering];
        return attributes.Any(pair => pair.Key == CollisionKey && pair.Value == ordering);
    }

    /// <summary>Whether a chronicle's events leave memory early and are compressed in the archive.</summary>
    public static bool IsCold(IEnumerable<KeyValuePair<string, string>> attributes)
    {
        string cold = TieringNames[(int)Tiering.Cold];
        return attributes.Any(pair => pair.Key == TieringKey && pair.Value == cold);
    }

    /// <summary>Whether a chronicle's events stay in memory longer than others.</summary>
    public static bool IsHot(IEnumerable<KeyValuePair<string, string>> attributes)
    {
        string hot = TieringNames[(int)Tiering.Hot];
        return attributes.Any(pair => pair.Key == TieringKey && pair.Value == hot);
    }

    /// <summary>Whether a chronicle's stories go before others.</summary>
    public static bool IsPriority(IEnumerable<KeyValuePair<string, string>> attributes)
    {
        string priority = TypeNames[(int)ChronicleType.Priority];
        return attributes.Any(pair => pair.Key == TypeKey && pair.Value == priority);
    }

    /// <summary>Reads the name of a durability level, as in the attribute and in <c>--flush</c>.</summary>
    /// <exception cref="ChronoLogException">As <see cref="Parse"/>.</exception>
    public static DurabilityLevel ParseDurability(string value) => (DurabilityLevel)IndexOf(DurabilityKey, value);

    /// <summary>The level's name.</summary>
    public static string FormatDurability(DurabilityLevel level) => DurabilityNames[(int)level];

    /// <summary>All known keys with their values, and the metadata.</summary>
    public IReadOnlyDictionary<string, string> ToDictionary() => new Dictionary<string, string>(
        metadata, StringComparer.Ordinal)
    {
        [GranularityKey] = GranularityNames[(int)Granularity],
        [CollisionKey] = CollisionNames[(int)Collision],
        [TieringKey] = TieringNames[(int)Tiering],
        [TypeKey] = TypeNames[(int)Type],
        [DurabilityKey] = DurabilityNames[(int)Durability],
        [ReplicasKey] = Replicas.ToString(CultureInfo.InvariantCulture),
    };

    private static int IndexOf(string key, string value)
    {
        string[] allowed = Allowed[key];
        int index = Array.IndexOf(allowed, value);
        return index >= 0
            ? index
            : throw new ChronoLogException(
                Status.InvalidArgument,
                $"attribute '{key}' cannot be '{value}': give one of {string.Join(", ", allowed)}");
    }

    private void Set(string key, string value)
    {
        if (key.Length == 0)
        {
            throw new ChronoLogException(
                Status.InvalidArgument, $"an attribute with value '{value}' has no name: give KEY=VALUE");
        }

        if (!Allowed.ContainsKey(key))
        {
            metadata[key] = value;
            return;
        }

        int index = IndexOf(key, value);
        switch (key)
        {
            case GranularityKey:
                Granularity = (Granularity)index;
                break;
            case CollisionKey:
                Collision = (CollisionPolicy)index;
                break;
            case TieringKey:
                Tiering = (Tiering)index;
                break;
            case TypeKey:
                Type = (ChronicleType)index;
                break;
            case DurabilityKey:
                Durability = (DurabilityLevel)index;
                break;
            default:
                Replicas = index + 1;
                break;
        }
    }
}

using ChronoLog.Core.Model;

namespace ChronoLog.App.Torture;

/// <summary>What <c>chronolog torture</c> was asked for.</summary>
internal sealed record TortureOptions
{
    public const string Chronicle = "torture";
    public const string Story = "story";

    public required string Directory { get; init; }

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    public int Writers { get; init; } = 4;

    public int Keepers { get; init; } = 2;

    public DurabilityLevel Level { get; init; } = DurabilityLevel.Journaled;

    /// <summary>Keepers that get each event.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Events per second of each writer.</summary>
    public double Rate { get; init; } = 2000;

    public int RecordBytes { get; init; } = 100;

    /// <summary>Roles to be killed, "writer" and "all" among them; empty = none.</summary>
    public IReadOnlyList<string> Kill { get; init; } = ["keeper", "grapher", "player", "visor", "writer", "all"];

    /// <summary>Mean pause between two kills.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(3);

    public int Seed { get; init; } = 1;

    /// <summary>Longest that one LogEvent may have taken; a longer one counts as an anomaly. Null: is only shown.</summary>
    public TimeSpan? StallMax { get; init; }

    /// <summary>Acceptance window of the Keepers.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMilliseconds(500);

    public IReadOnlyList<string> Settings { get; init; } = [];
}
